import Testing

/// Expects that a command ended with a message and a nonzero status, and that it did not crash or hang.
func expectRefused(
    _ outcome: Program.Outcome, saying words: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
    let text = outcome.errors
    let isRefusal = outcome.status != 0 && !outcome.wasKilled && outcome.status < 124
    #expect(isRefusal, "\(outcome)", sourceLocation: sourceLocation)
    #expect(!text.contains("Fatal error") && !text.contains("Stack dump"), "\(outcome)", sourceLocation: sourceLocation)
    let messages = text.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
    #expect(messages.count == 1, "one message is expected:\n\(outcome)", sourceLocation: sourceLocation)
    for word in words {
        #expect(text.contains(word), "the message lacks \"\(word)\":\n\(outcome)", sourceLocation: sourceLocation)
    }
}
