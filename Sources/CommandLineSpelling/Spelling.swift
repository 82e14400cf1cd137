/// Turns the spellings of command and option names that users know from elsewhere into the declared ones.
///
/// Between words `-` and `_` are the same, and a long option may have one or two dashes: `plan_and_preprocess` is
/// `plan-and-preprocess`, `--step-size` is `-step_size`, `-disable_tta` is `--disable_tta`. Values, file names, single
/// letters, numbers and everything after `--` stay as they are.
public struct Spelling: Sendable {
    /// A command and what it declares.
    public struct Command: Sendable {
        public var name: String
        /// Names of its options and flags, with their dashes.
        public var optionNames: [String]
        public var subcommands: [Command]

        public init(name: String, optionNames: [String] = [], subcommands: [Command] = []) {
            self.name = name
            self.optionNames = optionNames
            self.subcommands = subcommands
        }
    }

    private let root: Command

    public init(root: Command) { self.root = root }

    /// The arguments (without the program's name) in declared spelling.
    public func normalized(_ arguments: [String]) -> [String] {
        var command = root
        var mayBeSubcommand = true
        var isTerminated = false
        return arguments.map { argument in
            if isTerminated { return argument }
            if argument == "--" {
                isTerminated = true
                return argument
            }
            if argument.hasPrefix("-") { return Self.option(argument, of: command) }
            guard mayBeSubcommand else { return argument }
            let key = Self.key(argument)
            guard let found = command.subcommands.first(where: { Self.key($0.name) == key }) else {
                mayBeSubcommand = false
                return argument
            }
            command = found
            mayBeSubcommand = !found.subcommands.isEmpty
            return found.name
        }
    }

    private static func option(_ argument: String, of command: Command) -> String {
        let name = argument.prefix { $0 != "=" }
        let bare = name.drop { $0 == "-" }
        guard bare.count > 1, let first = bare.first, first.isLetter, name.count - bare.count <= 2 else {
            return argument
        }
        if command.optionNames.contains(String(name)) { return argument }
        let wanted = key(bare)
        let matches = command.optionNames.filter { declared in
            let bareDeclared = declared.drop { $0 == "-" }
            return bareDeclared.count > 1 && key(bareDeclared) == wanted
        }
        guard let declared = matches.first else { return argument }
        return declared + argument.dropFirst(name.count)
    }

    private static func key(_ name: some StringProtocol) -> String {
        String(name.map { $0 == "_" ? "-" : $0 })
    }
}
