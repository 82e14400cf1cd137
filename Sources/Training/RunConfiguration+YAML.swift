import Documents
import Yams

extension RunOverrides {
    /// Reads a configuration file.
    ///
    /// - Throws: ``ConfigurationError`` with file and line: no YAML, an unknown or repeated key, a value that breaks
    ///   its option's rule.
    public init(contentsOf path: String) throws(ConfigurationError) {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try FileAccess.read(path) } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .syntax(.file(path: path, line: nil), reason: "it is not UTF-8 text")
        }
        try self.init(yaml: text, path: path)
    }

    /// Reads a configuration.
    ///
    /// - Parameter path: named in errors.
    public init(yaml: String, path: String) throws(ConfigurationError) {
        self.init()
        let document: Node?
        do { document = try Yams.compose(yaml: yaml) } catch { throw Self.syntaxError(error, path: path) }
        guard let document else { return }
        guard let mapping = document.mapping else {
            throw .notAMapping(.file(path: path, line: document.mark?.line))
        }
        var lines: [RunOption: Int?] = [:]
        for (keyNode, value) in mapping {
            let place = ConfigurationError.Place.file(path: path, line: keyNode.mark?.line)
            guard let key = keyNode.string else { throw .notAMapping(place) }
            guard let option = RunOption(name: key) else {
                throw RunOption.commandLineOnlyNames.contains(key)
                    ? .commandLineOnly(key, place) : .unknownKey(key, place)
            }
            if let first = lines[option] { throw .repeatedKey(key, place, firstLine: first) }
            lines[option] = .some(keyNode.mark?.line)
            try set(option, to: try Self.words(of: value, option, place), at: place)
        }
    }

    /// The words of a scalar or of a list of scalars. An empty list of axes is `none`.
    private static func words(
        of node: Node, _ option: RunOption, _ place: ConfigurationError.Place
    ) throws(ConfigurationError) -> [String] {
        switch node {
        case .scalar(let scalar): return [scalar.string]
        case .sequence(let sequence) where option == .mirrorAxes || option == .fold:
            var words: [String] = []
            for element in sequence {
                guard let word = element.scalar?.string else { break }
                words.append(word)
            }
            if words.count == sequence.count { return words.isEmpty && option == .mirrorAxes ? ["none"] : words }
        default: break
        }
        let isList = option == .mirrorAxes || option == .fold
        throw .unsuitable(
            option, value: node.mapping == nil ? "a list" : "a mapping",
            rule: isList ? "one value or a flat list of values" : "one value", place)
    }

    private static func syntaxError(_ error: any Error, path: String) -> ConfigurationError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _)?, .parser(_, let problem, let mark, _)?,
            .composer(_, let problem, let mark, _)?:
            return .syntax(.file(path: path, line: mark.line), reason: problem)
        case .reader(let problem, _, _, _)?: return .syntax(.file(path: path, line: nil), reason: problem)
        default: return .syntax(.file(path: path, line: nil), reason: "\(error)")
        }
    }
}

extension RunConfiguration {
    /// A configuration file that ``resolve(file:overrides:)`` reads back to this configuration.
    public var yaml: String {
        var lines = ["# What the run does. pgps train --config <this file> does the same again."]
        func add(_ option: RunOption, _ value: String?) {
            if let value { lines.append("\(option.rawValue): \(value)") }
        }
        add(.dataset, Self.scalar(dataset))
        add(.configuration, Self.scalar(configuration))
        add(.fold, Self.scalar(fold))
        add(.scheme, Self.scalar(scheme.rawValue))
        add(.plans, Self.scalar(plans))
        add(.epochs, String(epochs))
        add(.iterationsPerEpoch, String(iterationsPerEpoch))
        add(.validationIterations, String(validationIterations))
        add(.seed, String(seed))
        add(.threads, threads.map(String.init))
        add(.batchConstruction, batchConstruction?.rawValue)
        add(.mirrorAxes, mirrorAxes.isEmpty ? "none" : "[\(mirrorAxes.map(String.init).joined(separator: ", "))]")
        add(.saveEvery, RunText.text(ofSeconds: saveEvery))
        add(.npz, String(npz))
        add(.engine, engine.rawValue)
        add(.precision, precision.rawValue)
        add(.checkpointWriter, checkpointWriter.rawValue)
        add(.pretrainedWeights, pretrainedWeights.map(Self.scalar))
        return lines.joined(separator: "\n") + "\n"
    }

    /// Plain where every YAML reader takes the text for itself, otherwise quoted as in JSON.
    private static func scalar(_ text: String) -> String {
        let isPlain = text.first?.isLetter == true || text.first?.isNumber == true
        let isSafe = text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "_-+.,".utf8.contains($0)
        }
        return isPlain && isSafe && RunText.boolean(text) == nil ? text : JSONValue.string(text).text()
    }
}
