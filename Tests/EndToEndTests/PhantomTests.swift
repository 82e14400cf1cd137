import Documents
import Testing

extension EndToEnd {
    @Suite struct PhantomTests {
        @Test("The same seed gives the same bytes, another seed others") func reproducible() throws {
            try Sandbox.with { sandbox in
                func content(of name: String, seed: String) throws -> [String: String] {
                    let root = sandbox.folder + "/" + name
                    try sandbox.run(
                        "phantom", root, "--cases", "3", "--seed", seed, "--size", "24", "26", "28", "--test-cases", "1"
                    )
                    return try Dictionary(
                        uniqueKeysWithValues: Sandbox.files(below: root).map {
                            ($0, SHA256.digest(of: try FileAccess.read(root + "/" + $0)))
                        })
                }
                let first = try content(of: "a", seed: "11")
                #expect(first.count == 1 + 2 * 4)
                #expect(try content(of: "b", seed: "11") == first)
                #expect(try content(of: "c", seed: "12") != first)
            }
        }
    }
}
