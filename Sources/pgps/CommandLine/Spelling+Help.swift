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
        let names = (help["arguments"]?.array ?? []).flatMap { $0["names"]?.array ?? [] }
        return Command(
            name: help["commandName"]?.string ?? "",
            optionNames: names.compactMap { name in
                name["name"]?.string.map { (name["kind"]?.string == "long" ? "--" : "-") + $0 }
            },
            subcommands: (help["subcommands"]?.array ?? []).map(command))
    }
}
