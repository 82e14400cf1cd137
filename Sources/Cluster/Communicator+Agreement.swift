/// A failure that all ranks of a group know of: the message of the lowest rank that failed.
public struct AgreedError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The rank within the group, and the ranks of the group.
    public let rank: Int
    public let size: Int
    public let message: String

    public init(rank: Int, size: Int, message: String) {
        self.rank = rank
        self.size = size
        self.message = message
    }

    public var description: String { size == 1 ? message : "\(message) (rank \(rank) of \(size))" }
}

/// No rank throws alone between two collectives: the ranks agree first.
extension Communicator {
    /// Lets every rank say whether it failed, and throws on all of them if one did.
    ///
    /// - Parameter failure: this rank's error; nil when it is well.
    /// - Throws: ``AgreedError`` with the lowest failing rank's message; ``MPIError`` when the agreement itself failed.
    public func agree(failure: (any Error)?) throws {
        let lowest = try allReduceMin(failure == nil ? size : rank)
        guard lowest < size else { return }
        let message = try broadcast(failure.map { "\($0)" } ?? "", root: lowest)
        throw AgreedError(rank: lowest, size: size, message: message)
    }

    /// Lets every rank say whether it is well, and throws on all of them if one is not.
    public func agree(ok: Bool, _ message: @autoclosure () -> String) throws {
        try agree(failure: ok ? nil : AgreedError(rank: rank, size: size, message: message()).messageOnly)
    }

    /// Runs `body`, which makes no collective call, on every rank; throws on all of them if it threw on one.
    ///
    /// - Throws: ``AgreedError`` with the lowest failing rank's message.
    public func agreeing<Result>(_ body: () throws -> Result) throws -> Result {
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try body()) } catch { outcome = .failure(error) }
        switch outcome {
        case .success(let result):
            try agree(failure: nil)
            return result
        case .failure(let error):
            try agree(failure: error)
            throw error
        }
    }

    /// Runs `body`, which makes no collective call, on the root alone; throws on all ranks if it threw.
    ///
    /// - Returns: what the body returned; nil on the other ranks.
    public func agreeingOnRoot<Result>(_ body: () throws -> Result) throws -> Result? {
        try agreeing { isRoot ? try body() : nil }
    }
}

extension AgreedError {
    /// The message as an error whose text is only the message.
    fileprivate var messageOnly: any Error { PlainMessage(description: message) }
}

private struct PlainMessage: Error, CustomStringConvertible {
    let description: String
}
