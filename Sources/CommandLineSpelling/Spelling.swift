/// Turns the spellings of arguments that users know from elsewhere into those that the command line's parser takes.
///
/// Between words `-` and `_` are the same, and a long option may have one or two dashes: `plan_and_preprocess` is
/// `plan-and-preprocess`, `--step-size` is `-step_size`, `-disable_tta` is `--disable_tta`. Values, file names, single
/// letters and everything after `--` stay as they are.
///
/// Negative numbers are values, where the parser would take them for options: `--seed -1` becomes `--seed=-1`,
/// `--axes 0 -1` becomes `--axes 0,-1`, and a positional one goes to the end with the other positional arguments,
/// behind `--`. So whoever reads the value can say what is wrong with it.
public struct Spelling: Sendable {
    /// A command and what it declares.
    public struct Command: Sendable {
        public var name: String
        public var options: [Option]
        public var subcommands: [Command]

        public init(name: String, options: [Option] = [], subcommands: [Command] = []) {
            self.name = name
            self.options = options
            self.subcommands = subcommands
        }
    }

    /// One name of an option or flag.
    public struct Option: Sendable {
        /// What stands behind the name.
        public enum Value: Sendable {
            /// Nothing: a flag.
            case nothing
            case single
            /// Words up to the next option, in which commas separate as spaces do.
            case list
        }

        /// With its dashes.
        public var name: String
        public var value: Value

        public init(_ name: String, _ value: Value = .nothing) {
            self.name = name
            self.value = value
        }
    }

    private let root: Command

    public init(root: Command) { self.root = root }

    /// Whether there is a command of this name, in whatever spelling.
    public func declares(command name: String) -> Bool { Self.subcommand(name, of: root) != nil }

    /// Whether a command has an option of this name, given without dashes.
    public func declares(option name: String, of command: String) -> Bool {
        guard let command = Self.subcommand(command, of: root) else { return false }
        return Self.declaration(of: "--" + name[...], in: command) != nil
    }

    /// The arguments (without the program's name) in declared spelling.
    public func normalized(_ arguments: [String]) -> [String] {
        var command = root
        var mayBeSubcommand = true
        var reading = ArgumentReading()
        for (index, argument) in arguments.enumerated() {
            if argument == "--" {
                reading.end(arguments[(index + 1)...])
                break
            }
            if Self.isNegativeNumber(argument), command.subcommands.isEmpty {
                reading.add(negativeNumber: argument)
            } else if argument.hasPrefix("-"), argument != "-" {
                let (text, value) = Self.option(argument, of: command)
                reading.add(option: text, value: value)
            } else if mayBeSubcommand, let found = Self.subcommand(argument, of: command) {
                command = found
                mayBeSubcommand = !found.subcommands.isEmpty
                reading.add(subcommand: found.name)
            } else {
                mayBeSubcommand = false
                reading.add(word: argument)
            }
        }
        return reading.arguments
    }

    private static func isNegativeNumber(_ argument: String) -> Bool {
        guard argument.hasPrefix("-"), let digit = argument.utf8.dropFirst().first else { return false }
        return (48...57).contains(digit)
    }

    private static func subcommand(_ argument: String, of command: Command) -> Command? {
        let wanted = key(argument)
        return command.subcommands.first { key($0.name) == wanted }
    }

    /// An option in declared spelling, and what it still takes.
    private static func option(_ argument: String, of command: Command) -> (text: String, value: Option.Value) {
        let name = argument.prefix { $0 != "=" }
        guard let declared = declaration(of: name, in: command) else { return (argument, .nothing) }
        let rest = argument.dropFirst(name.count)
        return (declared.name + rest, declared.value == .single && !rest.isEmpty ? .nothing : declared.value)
    }

    private static func declaration(of name: Substring, in command: Command) -> Option? {
        if let exact = command.options.first(where: { $0.name == name }) { return exact }
        let bare = name.drop { $0 == "-" }
        guard bare.count > 1, let first = bare.first, first.isLetter, name.count - bare.count <= 2 else { return nil }
        let wanted = key(bare)
        return command.options.first { declared in
            let bareDeclared = declared.name.drop { $0 == "-" }
            return bareDeclared.count > 1 && key(bareDeclared) == wanted
        }
    }

    private static func key(_ name: some StringProtocol) -> String {
        String(name.map { $0 == "_" ? "-" : $0 })
    }
}
