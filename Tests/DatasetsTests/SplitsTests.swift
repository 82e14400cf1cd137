import Datasets
import Documents
import Foundation
import TestSupport
import Testing

@Suite struct SplitsTests {
    /// Identifiers whose sorted order is their number's.
    private func identifiers(_ count: Int) -> [String] {
        (0..<count).map { "case_" + String(1000 + $0) }
    }

    private func numbers(_ names: [String]) -> [Int] { names.map { (Int($0.suffix(4)) ?? 0) - 1000 } }

    @Test("five folds of 10, 13 and 20 cases") func knownFolds() throws {
        #expect(
            try Splits(identifiers: identifiers(10)).folds.map { numbers($0.validation) }
                == [[0, 7], [3, 9], [4, 6], [1, 8], [2, 5]])
        #expect(
            try Splits(identifiers: identifiers(13)).folds.map { numbers($0.validation) }
                == [[0, 7, 9], [3, 6, 10], [8, 11, 12], [1, 4], [2, 5]])
        #expect(
            try Splits(identifiers: identifiers(20).reversed()).folds.map { numbers($0.validation) }
                == [[3, 8, 13, 16], [0, 10, 12, 15], [6, 7, 11, 17], [9, 14, 18, 19], [1, 2, 4, 5]])
    }

    @Test("the folds of 5 to 300 cases are scikit-learn's") func foldsOfTheLibrary() throws {
        let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/splits.json"))
        let table = try #require(fixture["validationFold"]?.object)
        #expect(table.count == 296)
        for (count, digits) in table.members {
            let names = identifiers(try #require(Int(count)))
            var expected = [[Int]](repeating: [], count: 5)
            for (index, digit) in (digits.string ?? "").enumerated() {
                expected[digit.wholeNumberValue ?? 9].append(index)
            }
            let splits = try Splits(identifiers: names)
            #expect(splits.folds.map { numbers($0.validation) } == expected, "\(count) cases")
            #expect(splits.folds.allSatisfy { Set($0.train).isDisjoint(with: $0.validation) })
            #expect(
                splits.folds.allSatisfy {
                    $0.train.count + $0.validation.count == names.count && $0.train == $0.train.sorted()
                })
        }
    }

    @Test("the first fold of MSD Heart") func heart() throws {
        let present = [3, 4, 5, 7, 9, 10, 11, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 29, 30]
        let names = present.map { "la_0" + ($0 < 10 ? "0" : "") + String($0) }
        #expect(
            try Splits(identifiers: names).folds[0].validation == ["la_007", "la_016", "la_021", "la_024"])
    }

    @Test("folds beyond the written ones are 80:20 splits") func furtherFolds() throws {
        let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/splits.json"))
        for row in try #require(fixture["eighty"]?.array) {
            let names = identifiers(try #require(row["n"]?.integer))
            let splits = Splits(folds: [])
            let split = try splits.split(for: .number(try #require(row["fold"]?.integer)), identifiers: names)
            #expect(numbers(split.train) == row["train"]?.integers)
            #expect(split.validation == names.filter { !split.train.contains($0) })
        }
        let seventh = try Splits(identifiers: identifiers(10)).split(for: .number(7), identifiers: identifiers(10))
        #expect(numbers(seventh.train) == [4, 6, 0, 9, 1, 7, 2, 8])
    }

    @Test("fold all trains and validates on every case") func foldAll() throws {
        let split = try Splits(identifiers: identifiers(6)).split(for: .all, identifiers: identifiers(6).reversed())
        #expect(split.train == identifiers(6) && split.validation == identifiers(6))
    }

    @Test("fewer cases than folds: the error says what to write") func tooFewCases() {
        let error = #expect(throws: DatasetError.self) { try Splits(identifiers: identifiers(4)) }
        let text = error?.description ?? ""
        #expect(text.contains("4 training cases") && text.contains("splits_final.json") && text.contains("\"train\""))
    }

    @Test("a user's file may hold any number of folds, and is written as nnU-Net writes it") func userFile() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/splits_final.json"
            let splits = Splits(folds: [FoldSplit(train: ["b", "a"], validation: ["c"])])
            try splits.write(to: path)
            let text = String(decoding: try FileAccess.read(path), as: UTF8.self)
            let row = "\n            "
            #expect(
                text
                    == "[\n    {\n        \"train\": [\(row)\"b\",\(row)\"a\"\n        ],\n        \"val\": [\(row)\"c\"\n        ]\n    }\n]"
            )
            #expect(try Splits(contentsOf: path, identifiers: ["a", "b", "c"]) == splits)
            let error = #expect(throws: DatasetError.self) { try Splits(contentsOf: path, identifiers: ["a", "b"]) }
            #expect(error?.description.contains("fold 0 names 1 case that the dataset does not have: c") == true)
        }
    }

    @Test(
        "what is no list of folds is refused",
        arguments: ["{}", "[]", "[{\"train\": []}]", "[1]", "[{\"train\": [\"a\"]}]"])
    func malformedFile(text: String) throws {
        try TestFiles.withTemporaryFolder { folder in
            try FileAccess.replace(folder + "/splits_final.json", with: text)
            #expect(throws: DatasetError.self) {
                try Splits(contentsOf: folder + "/splits_final.json", identifiers: ["a"])
            }
        }
    }

    @Test("fold names", arguments: [("0", "fold_0"), ("12", "fold_12"), ("all", "fold_all")])
    func foldNames(text: String, folder: String) throws {
        #expect(try FoldName(parsing: text).folderName == folder)
    }

    @Test("what is no fold is refused", arguments: ["", "-1", "1.5", "All", "fold_0", "+1", "99999999999999999999"])
    func notAFold(text: String) {
        #expect(throws: DatasetError.self) { try FoldName(parsing: text) }
    }
}
