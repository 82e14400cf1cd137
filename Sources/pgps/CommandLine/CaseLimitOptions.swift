import ArgumentParser

/// How many cases a command works on at a time.
struct CaseLimitOptions: ParsableArguments {
    @Option(
        name: .customLong("np", withSingleDash: true),
        help: ArgumentHelp("Cases at a time, which bounds the memory (default: one per core).", valueName: "n"))
    var caseLimit: Int?

    func validate() throws {
        if let caseLimit, caseLimit < 1 { throw ValidationError("-np is \(caseLimit); it must be at least 1") }
    }
}
