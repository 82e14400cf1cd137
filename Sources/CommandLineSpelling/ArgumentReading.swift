/// The arguments of a command as they are read: which of them are positional, and what the last option still takes.
struct ArgumentReading {
    private var words: [(text: String, isPositional: Bool)] = []
    /// What the last option takes from here on.
    private var taken: Spelling.Option.Value = .nothing
    /// The last word is the name of an option and has no value yet.
    private var lacksValue = false
    private var hasNegativeNumber = false
    /// `--` and what stood behind it.
    private var tail: [String] = []

    /// All arguments in their order; where a positional one is a negative number, the positional ones at the end.
    var arguments: [String] {
        guard hasNegativeNumber else { return words.map(\.text) + tail }
        return words.filter { !$0.isPositional }.map(\.text) + ["--"] + words.filter(\.isPositional).map(\.text)
            + tail.dropFirst()
    }

    mutating func add(subcommand name: String) {
        words.append((name, false))
        taken = .nothing
    }

    /// - Parameters:
    ///   - option: with its value, where it has one behind `=`.
    ///   - value: what it still takes.
    mutating func add(option: String, value: Spelling.Option.Value) {
        words.append((option, false))
        taken = value
        lacksValue = !option.contains("=")
    }

    mutating func add(word: String) {
        words.append((word, taken == .nothing))
        if taken == .single { taken = .nothing }
        lacksValue = false
    }

    mutating func add(negativeNumber number: String) {
        guard taken != .nothing, let last = words.indices.last else {
            words.append((number, true))
            hasNegativeNumber = true
            return
        }
        words[last].text += (lacksValue ? "=" : ",") + number
        if taken == .single { taken = .nothing }
        lacksValue = false
    }

    /// Takes what stands behind `--`.
    mutating func end(_ rest: ArraySlice<String>) { tail = ["--"] + rest }
}
