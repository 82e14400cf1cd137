import Documents

/// Why a run cannot be configured.
public enum ConfigurationError: Error, Equatable, Sendable {
    /// Where a value was given.
    public enum Place: Equatable, Sendable {
        case file(path: String, line: Int?)
        case commandLine
    }

    /// The file cannot be read.
    case unreadable(path: String, reason: String)
    /// The file is not YAML.
    case syntax(Place, reason: String)
    /// The file is YAML, but not a list of `key: value` lines.
    case notAMapping(Place)
    case unknownKey(String, Place)
    /// The key names what only the command line can say.
    case commandLineOnly(String, Place)
    case repeatedKey(String, Place, firstLine: Int?)
    /// A value breaks its option's rule.
    case unsuitable(RunOption, value: String, rule: String, Place)
    /// Nothing says what must be said.
    case missing([RunOption], file: String?)
}

extension ConfigurationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            return "cannot read the run configuration \(path): \(reason); give --config an existing YAML file"
        case .syntax(let place, let reason):
            return "\(place.prefix)not YAML: \(reason); write one \"key: value\" per line"
        case .notAMapping(let place):
            return "\(place.prefix)a run configuration is a list of \"key: value\" lines, such as \"epochs: 1000\""
        case .unknownKey(let key, let place):
            let names = RunOption.allCases.map(\.rawValue)
            let nearest = NearestName.find(key, among: names).map { "; the nearest known key is \"\($0)\"" } ?? ""
            return "\(place.prefix)unknown key \"\(key)\"\(nearest) (known keys: \(names.joined(separator: ", ")))"
        case .commandLineOnly(let key, let place):
            return "\(place.prefix)\"\(key)\" belongs on the command line of pgps train, not in a configuration: "
                + "remove the line and give \(["c", "val", "overwrite"].contains(key) ? "--\(key)" : "--\(key) …")"
        case .repeatedKey(let key, let place, let firstLine):
            let first = firstLine.map { " (first in line \($0))" } ?? ""
            return "\(place.prefix)the key \"\(key)\" occurs twice\(first); remove one of the lines"
        case .unsuitable(let option, let value, let rule, let place):
            let name = place == .commandLine ? option.commandLineName : option.rawValue
            return "\(place.prefix)\(name) is \"\(value)\", but must be \(rule)"
        case .missing(let options, let file):
            let names = options.map(\.rawValue).joined(separator: ", ")
            let remedy = options.map { option in
                switch option {
                case .dataset, .configuration, .fold: "<\(option.rawValue)>"
                default: "\(option.commandLineName) \(option.rawValue.uppercased())"
                }
            }
            return "the run has no \(names): give \(remedy.joined(separator: " ")) after pgps train"
                + (file.map { ", or the key\(options.count == 1 ? "" : "s") in \($0)" } ?? "")
        }
    }
}

extension ConfigurationError.Place {
    /// `file, line n: `; nothing for the command line.
    fileprivate var prefix: String {
        switch self {
        case .file(let path, let line?): "\(path), line \(line): "
        case .file(let path, nil): "\(path): "
        case .commandLine: ""
        }
    }
}
