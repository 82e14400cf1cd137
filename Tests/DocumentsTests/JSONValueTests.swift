import Documents
import Testing

@Suite struct JSONValueTests {
    @Test func orderUnknownKeysAndNumberKindsSurvive() throws {
        let text = #"{"z": 1, "a": [1.5, 2, NaN, -Infinity], "unknown": {"k": null, "é\n": "\"\\"}, "b": true}"#
        #expect(try JSONValue(parsing: text).text() == text)
    }

    @Test func indentedTextIsThatOfPython() throws {
        let value: JSONValue = ["b": [1, 2], "a": ["x": 1e-05, "y": []], "c": 3.0]
        #expect(
            value.text(indent: 4, sortedKeys: true)
                == "{\n    \"a\": {\n        \"x\": 1e-05,\n        \"y\": []\n    },\n    \"b\": [\n        1,\n        2\n    ],\n    \"c\": 3.0\n}"
        )
    }

    @Test(arguments: [
        ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("{\"a\":1,\n \"a\":2}", 2, 5), ("01x", 1, 3), ("[1] 2", 1, 5),
        ("\"\\u12\"", 1, 4),
        ("nul", 1, 1), ("\"\\ud800\"", 1, 8),
    ]) func malformedTextIsRefusedWithItsPlace(text: String, line: Int, column: Int) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
        #expect(error?.line == line && error?.column == column, "\(String(describing: error))")
    }

    @Test func surrogatePairsAreOneCharacter() throws {
        #expect(try JSONValue(parsing: #""\ud83d\ude00""#).string == "😀")
    }

    @Test func sha256OfTheStandardsExample() {
        #expect(
            SHA256.digest(of: Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
