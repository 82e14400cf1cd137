import ArgumentParser
import CommandLineSpelling
import Documents

extension Spelling {
    /// The spelling of a program's commands and options as it declares them.
    init(of program: ParsableCommand.Type) {
        let document = try? JSONValue(parsing: program._dumpHelp())
        self.init(root: Self.command(document?["command"] ?? .null))
    }

    private static func command(_ help: JSONValue) -> Command {
        Command(
            name: help["commandName"]?.string ?? "",
            options: (help["arguments"]?.array ?? []).flatMap(options),
            subcommands: (help["subcommands"]?.array ?? []).map(command))
    }

    /// All names of an option or flag; none for positional arguments.
    private static func options(_ help: JSONValue) -> [Option] {
        let value: Option.Value =
            if help["kind"]?.string == "flag" {
                .nothing
            } else {
                help["parsingStrategy"]?.string == "upToNextOption" ? .list : .single
            }
        return (help["names"]?.array ?? []).compactMap { name in
            name["name"]?.string.map { Option((name["kind"]?.string == "long" ? "--" : "-") + $0, value) }
        }
    }
}
