import Documents
import Evaluation

/// `postprocessing.json`: the steps and the scores that speak for them, in the form that nnU-Net writes beside its
/// `postprocessing.pkl`. The pickle is code and is never opened; this file says the same.
public struct PostprocessingFile: Sendable {
    public static let name = "postprocessing.json"
    /// nnU-Net's name of the only operation there is.
    private static let operation = "remove_all_but_largest_component_from_segmentation"

    public let postprocessing: Postprocessing

    /// Reads a file of ours or of nnU-Net's.
    ///
    /// - Throws: ``PostprocessingError`` for a pickle, and for steps that are not known here.
    public init(contentsOf path: String) throws(PostprocessingError) {
        let bytes: [UInt8]
        do { bytes = try FileAccess.read(path) } catch { throw .file(error) }
        // A pickle of protocol 2 or later begins with 0x80.
        if path.hasSuffix(".pkl") || bytes.first == 0x80 {
            let json = (path.hasSuffix(".pkl") ? String(path.dropLast(4)) : path) + ".json"
            throw .pickle(path: path, json: json, isThere: FileAccess.exists(json))
        }
        do { try self.init(json: JSONValue(parsing: bytes), path: path) } catch let error as PostprocessingError {
            throw error
        } catch {
            throw .document(path: path, problem: "\(error)")
        }
    }

    /// Understands a document that was read from `path`.
    package init(json: JSONValue, path: String) throws(PostprocessingError) {
        guard let names = json["postprocessing_fns"]?.strings, let arguments = json["postprocessing_kwargs"]?.array,
            names.count == arguments.count
        else {
            throw .document(
                path: path, problem: "\"postprocessing_fns\" and \"postprocessing_kwargs\" must be lists of one length")
        }
        var steps: [Postprocessing.Step] = []
        for (name, argument) in zip(names, arguments) {
            guard name == Self.operation else {
                throw .document(
                    path: path, problem: "the step \"\(name)\" is unknown, only \"\(Self.operation)\" is known")
            }
            guard let step = Self.step(argument["labels_or_regions"] ?? .null),
                (argument["background_label"]?.integer ?? 0) == 0
            else {
                throw .document(
                    path: path,
                    problem: "the step \(argument.text()) must have \"labels_or_regions\", a label or a list "
                        + "of labels, and the background 0")
            }
            steps.append(step)
        }
        postprocessing = Postprocessing(steps: steps)
    }

    /// A label, a list of labels, or a list of regions.
    private static func step(_ value: JSONValue) -> Postprocessing.Step? {
        if let label = value.integer { return Postprocessing.Step(labels: [label], isSingleLabel: true) }
        var labels: [Int] = []
        for entry in value.array ?? [] {
            guard let some = entry.integer.map({ [$0] }) ?? entry.integers else { return nil }
            labels += some
        }
        return labels.isEmpty ? nil : Postprocessing.Step(labels: labels)
    }

    /// The document with nnU-Net's keys.
    ///
    /// - Parameters:
    ///   - before: scores of the predictions as they were.
    ///   - after: scores of the postprocessed ones.
    package static func document(
        of postprocessing: Postprocessing, before: EvaluationSummary, after: EvaluationSummary
    ) -> JSONValue {
        func means(_ summary: EvaluationSummary) -> JSONValue {
            let json = summary.json
            return ["foreground_mean": json["foreground_mean"] ?? .null, "mean": json["mean"] ?? .null]
        }
        return [
            "input_folder": means(before),
            "postprocessed": means(after),
            "postprocessing_fns": .strings(postprocessing.steps.map { _ in operation }),
            "postprocessing_kwargs": .array(
                postprocessing.steps.map { step in
                    ["labels_or_regions": step.isSingleLabel ? .integer(step.labels[0]) : .integers(step.labels)]
                }),
        ]
    }
}
