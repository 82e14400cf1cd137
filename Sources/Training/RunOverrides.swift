import Checkpoints
import Curriculum
import Datasets
import Documents
import Kernels

/// What a configuration file or a command line says about a run; nil where it says nothing.
public struct RunOverrides: Sendable, Equatable {
    public var dataset: String?
    public var configuration: String?
    public var fold: String?
    public var scheme: Scheme?
    public var plans: String?
    public var epochs: Int?
    public var iterationsPerEpoch: Int?
    public var validationIterations: Int?
    public var seed: UInt64?
    public var threads: Int?
    public var batchConstruction: BatchConstruction?
    public var mirrorAxes: [Int]?
    /// Seconds.
    public var saveEvery: Double?
    public var npz: Bool?
    public var engine: Engine?
    public var precision: PrecisionChoice?
    public var checkpointWriter: CheckpointWriter?
    public var pretrainedWeights: String?

    public init() {}

    /// Takes an option's value from its text.
    ///
    /// - Parameters:
    ///   - words: the value; a list may come as several words or as one with spaces or commas.
    ///   - place: named in errors.
    /// - Throws: ``ConfigurationError/unsuitable(_:value:rule:_:)``.
    public mutating func set(
        _ option: RunOption, to words: [String], at place: ConfigurationError.Place = .commandLine
    ) throws(ConfigurationError) {
        let given = words.joined(separator: " ")
        let words = words.flatMap(RunText.words)
        let text = words.joined(separator: ",")
        func wrong(_ rule: String) -> ConfigurationError { .unsuitable(option, value: given, rule: rule, place) }
        func name(_ rule: String) throws(ConfigurationError) -> String {
            guard !given.isEmpty, !given.contains("/") else { throw wrong(rule) }
            return given
        }
        func count(from minimum: Int) throws(ConfigurationError) -> Int {
            guard let number: Int = RunText.integer(text), number >= minimum, number <= Self.largestCount else {
                throw wrong("a whole number from \(minimum) on")
            }
            return number
        }
        func choice<Choice: RawRepresentable & CaseIterable>() throws(ConfigurationError) -> Choice
        where Choice.RawValue == String {
            let names = Choice.allCases.map(\.rawValue)
            if let known = names.first(where: { RunText.isSame(text, $0) }), let choice = Choice(rawValue: known) {
                return choice
            }
            let nearest = NearestName.find(text, among: names).map { "; the nearest is \($0)" } ?? ""
            throw wrong("one of \(names.joined(separator: ", "))\(nearest)")
        }

        switch option {
        case .dataset: dataset = try name("a dataset's number or full name, such as 4 or Dataset004_Hippocampus")
        case .configuration: configuration = try name("a configuration of the plans, such as 3d_fullres")
        case .plans: plans = try name("the name of plans, such as nnUNetPlans")
        case .fold:
            guard FoldSelection(parsing: text) != nil else { throw wrong(FoldSelection.rule) }
            fold = text
        case .scheme: scheme = try choice()
        case .epochs: epochs = try count(from: 1)
        case .iterationsPerEpoch: iterationsPerEpoch = try count(from: 1)
        case .validationIterations: validationIterations = try count(from: 0)
        case .threads: threads = try count(from: 1)
        case .seed:
            guard let number: UInt64 = RunText.integer(text) else {
                throw wrong("a whole number from 0 to \(UInt64.max)")
            }
            seed = number
        case .batchConstruction: batchConstruction = try choice()
        case .mirrorAxes:
            guard let axes = RunText.axes(words) else { throw wrong("\"none\" or different axes of 0 1 2 (D, H, W)") }
            mirrorAxes = axes
        case .saveEvery:
            guard let seconds = RunText.seconds(text), seconds > 0 else { throw wrong("a time such as 90s, 10m or 2h") }
            saveEvery = seconds
        case .npz:
            guard let isWanted = RunText.boolean(text) else { throw wrong("true or false") }
            npz = isWanted
        case .engine: engine = try choice()
        case .precision: precision = try choice()
        case .checkpointWriter: checkpointWriter = try choice()
        case .pretrainedWeights:
            guard let path = RunText.weightsPath(given) else { throw wrong(RunText.weightsRule) }
            pretrainedWeights = path
        }
    }

    /// What `other` says, and where it says nothing, what these say.
    public func overridden(by other: RunOverrides) -> RunOverrides {
        var result = self
        func take<Value>(_ path: WritableKeyPath<RunOverrides, Value?>) {
            if let value = other[keyPath: path] { result[keyPath: path] = value }
        }
        take(\.dataset)
        take(\.configuration)
        take(\.fold)
        take(\.scheme)
        take(\.plans)
        take(\.epochs)
        take(\.iterationsPerEpoch)
        take(\.validationIterations)
        take(\.seed)
        take(\.threads)
        take(\.batchConstruction)
        take(\.mirrorAxes)
        take(\.saveEvery)
        take(\.npz)
        take(\.engine)
        take(\.precision)
        take(\.checkpointWriter)
        take(\.pretrainedWeights)
        return result
    }

    /// Counts beyond this are typing errors, and products of two of them still fit 64 bits.
    static let largestCount = 1_000_000_000
}
