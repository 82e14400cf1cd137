import Datasets
import Synchronization
import Threads

/// The cases that batches are drawn from, each opened when it is first needed and kept open.
public final class CaseLibrary: Sendable {
    /// Names of the cases, in the order in which they are numbered.
    public let identifiers: [String]
    private let open: @Sendable (String) throws(DatasetError) -> PatchSource
    private let opened: Mutex<[Int: PatchSource]>

    /// - Parameter open: brings a case by its name; may be called from any thread.
    public init(
        identifiers: [String], open: @escaping @Sendable (String) throws(DatasetError) -> PatchSource
    ) {
        self.identifiers = identifiers
        self.open = open
        opened = Mutex([:])
    }

    /// The named cases of a store, memory-mapped.
    public convenience init(store: CaseStore, identifiers: [String]) {
        self.init(identifiers: identifiers) { (identifier) throws(DatasetError) in
            PatchSource(try store.open(identifier))
        }
    }

    /// Cases that are open already.
    public init(_ sources: [PatchSource]) {
        identifiers = sources.map(\.identifier)
        opened = Mutex(Dictionary(uniqueKeysWithValues: zip(sources.indices, sources)))
        open = { (identifier) throws(DatasetError) in throw .caseFailed(identifier, reason: "it was never opened") }
    }

    public var count: Int { identifiers.count }

    /// The case of a number in `0 ..< count`.
    ///
    /// - Throws: the error of opening it.
    public func source(_ number: Int) throws(DatasetError) -> PatchSource {
        if let source = opened.withLock({ $0[number] }) { return source }
        let source = try open(identifiers[number])
        return opened.withLock { cases in
            if let first = cases[number] { return first }
            cases[number] = source
            return source
        }
    }

    /// The cases of several numbers; those that are not open yet are opened on all threads.
    ///
    /// - Throws: the error of the first one that cannot be opened.
    public func sources(_ numbers: [Int]) throws(DatasetError) -> [PatchSource] {
        let known = opened.withLock { cases in numbers.map { cases[$0] } }
        if known.allSatisfy({ $0 != nil }) { return known.compactMap(\.self) }
        return try Threads.map(numbers.count) { (index) throws(DatasetError) in
            if let source = known[index] { return source }
            return try source(numbers[index])
        }
    }
}
