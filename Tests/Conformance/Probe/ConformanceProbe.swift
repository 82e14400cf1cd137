import Documents
import Foundation

/// Prints values that no command of pgps shows, for the comparison with nnU-Net (launch/conformance).
///
///     conformance-probe QUESTION REQUEST.json
///
/// The request says what is asked; arrays stand in .npy files whose paths it gives. The answer is a JSON document on
/// standard output; arrays are written to the paths that the request gives for them.
@main
enum ConformanceProbe {
    private static let questions: [(name: String, answer: @Sendable (Request) throws -> JSONValue)] = [
        ("loss", LossProbe.answer), ("network", NetworkProbe.answer), ("initial", NetworkProbe.initialWeights),
        ("optimizer", OptimizerProbe.answer),
        ("rates", OptimizerProbe.rates), ("window", WindowProbe.answer), ("geometry", PositionProbe.geometry),
        ("positions", PositionProbe.answer), ("draws", AugmentationProbe.draws), ("augment", AugmentationProbe.answer),
        ("targets", TargetProbe.answer), ("decode", DecodeProbe.answer), ("predict", PredictionProbe.answer),
    ]

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 2, let question = questions.first(where: { $0.name == arguments[0] }) else {
            fail("usage: conformance-probe \(questions.map(\.name).joined(separator: "|")) REQUEST.json", status: 2)
        }
        do {
            print(try question.answer(Request(json: JSONValue(contentsOf: arguments[1]))).text())
        } catch {
            fail("\(arguments[0]): \(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        exit(status)
    }
}
