import Cluster
import Kernels

/// The precision that a run asks for.
public enum PrecisionChoice: String, CaseIterable, Sendable {
    /// bf16 where the engine and the CPUs of all ranks multiply bfloat16 in hardware, else fp32.
    case auto
    case fp32
    case bf16

    /// What it comes to with an engine on this CPU.
    public func precision(_ engine: Engine) -> Precision {
        switch self {
        case .auto: engine.precisions.contains(Precision.fastest) ? Precision.fastest : .fp32
        case .fp32: .fp32
        case .bf16: .bf16
        }
    }

    /// The precision that all ranks will use with an engine: bf16 when it is every rank's.
    ///
    /// - Throws: on all ranks together ``ConfigurationError/unsuitable(_:value:rule:_:)`` where a CPU or the engine
    ///   cannot do what is asked for.
    /// - Collective: every rank of the job.
    public func agreed(_ engine: Engine, on world: Communicator) throws -> Precision {
        let own = precision(engine)
        try world.agreeing {
            guard engine.precisions.contains(own) else {
                let known = engine.precisions.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError.unsuitable(
                    .precision, value: own.rawValue,
                    rule: "one that \(engine.rawValue) computes in on this CPU: \(known)",
                    .commandLine)
            }
        }
        let all = Set(try world.allGather(own.rawValue))
        return all == [Precision.bf16.rawValue] ? .bf16 : .fp32
    }
}

extension RunConfiguration {
    /// What activations and convolutions are computed in, as far as this CPU knows.
    public var computedPrecision: Precision { precision.precision(engine) }

    /// Library, instructions and precision that decide the bits.
    var engineDescription: String {
        let library =
            switch engine {
            case .oneDNN: "oneDNN \(OneDNN.version), \(OneDNN.instructionSet)"
            case .openBLAS: "OpenBLAS (\(OpenBLAS.coreName))"
            }
        return "\(library), \(computedPrecision.rawValue)"
    }

    /// This configuration with the precision that all ranks will use; see ``PrecisionChoice/agreed(_:on:)``.
    ///
    /// - Collective: every rank of the job.
    public func agreed(on world: Communicator) throws -> RunConfiguration {
        var result = self
        result.precision = try precision.agreed(engine, on: world) == .bf16 ? .bf16 : .fp32
        return result
    }
}
