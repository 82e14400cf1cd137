import Documents
import Reporting
import TestSupport
import Testing
import Training

@Suite struct ProgressFileTests {
    private func text(_ folder: String) throws -> String {
        String(decoding: try FileAccess.read(folder + "/" + ProgressFile.name), as: UTF8.self)
    }

    /// The epochs of the file's lines; nil for a line that is not a record.
    private func epochs(_ folder: String) throws -> [Int?] {
        try text(folder).split(separator: "\n").map { line in
            (try? JSONValue(parsing: String(line))).flatMap { EpochRecord(json: $0) }?.epoch
        }
    }

    private func line(_ epoch: Int) -> String { SampleRun.record(epoch).json.text() + "\n" }

    @Test("Every epoch is one line with the keys of the record")
    func newRun() throws {
        try TestFiles.withTemporaryFolder { folder in
            let file = ProgressFile(folder: folder, firstEpoch: 0)
            try file.append(SampleRun.record(0, pseudoDice: [0.5, .nan], ema: .nan))
            #expect(
                try text(folder) == #"{"epoch": 0, "stage": 2, "patchSize": [8, 16, 16], "batchSize": 393, "#
                    + #""learningRate": 0.01, "trainLoss": -0.51239, "validationLoss": -0.5, "#
                    + #""pseudoDice": [0.5, NaN], "emaPseudoDice": NaN, "voxelsShown": 8048640, "foregroundShare": 0.5125, "#
                    + #""classesPerIteration": 1.987654, "seconds": 12.3456, "dataWaitSeconds": 0.5}"# + "\n")
            try file.append(SampleRun.record(1))
            #expect(try epochs(folder) == [0, 1])
            #expect(file.records.map(\.epoch) == [0, 1])
        }
    }

    @Test(
        "A run that continues leaves every epoch once, whatever a killed run left",
        arguments: [
            ("", 0, [Int]()), ("0 1 2 3", 2, []), ("0 1", 2, []), ("0 1 2~", 2, []), ("0 1~", 1, []),
            ("0 1 2 3~", 0, []),
            ("0 1 1 2", 2, []), ("0 # 1 2", 2, []), ("0 # 2", 2, [1]), ("1 0", 2, []), ("~", 1, [0]), ("0!", 1, []),
        ])
    func continued(left: String, firstEpoch: Int, missing: [Int]) throws {
        try TestFiles.withTemporaryFolder { folder in
            // "2~" is half a line, "#" something else, "0!" a whole line without its end.
            let content = left.split(separator: " ").map { word -> String in
                if word == "#" { return "?{\"epoch\"\n" }
                let whole = line(Int(word.filter(\.isNumber)) ?? 0)
                return word.hasSuffix("~")
                    ? String(whole.prefix(100)) : word.hasSuffix("!") ? String(whole.dropLast()) : whole
            }
            try FileAccess.replace(folder + "/" + ProgressFile.name, with: content.joined())
            let file = ProgressFile(folder: folder, firstEpoch: firstEpoch)
            try file.prepare()
            #expect(file.missingEpochs == missing)
            #expect(file.records.map(\.epoch) == (0..<firstEpoch).filter { !missing.contains($0) })
            for epoch in firstEpoch..<5 { try file.append(SampleRun.record(epoch)) }
            #expect(try epochs(folder) == (0..<5).filter { !missing.contains($0) })
            #expect(try text(folder) == (0..<5).filter { !missing.contains($0) }.map(line).joined())
        }
    }

    @Test("Nothing is written before the run starts, nor where nothing has to be dropped")
    func untouched() throws {
        try TestFiles.withTemporaryFolder { folder in
            let file = ProgressFile(folder: folder, firstEpoch: 0)
            #expect(!FileAccess.exists(file.path))
            try file.prepare()
            #expect(!FileAccess.exists(file.path))
        }
    }

    @Test("Keys that this version does not know survive in the lines that stay")
    func unknownKeys() throws {
        try TestFiles.withTemporaryFolder { folder in
            let kept = line(0).replacing("}\n", with: ", \"energy\": 3.5}\n")
            try FileAccess.replace(folder + "/" + ProgressFile.name, with: kept + line(1))
            try ProgressFile(folder: folder, firstEpoch: 1).prepare()
            #expect(try text(folder) == kept)
        }
    }

    @Test("An epoch that is reported again replaces its line")
    func repeated() throws {
        try TestFiles.withTemporaryFolder { folder in
            try FileAccess.replace(folder + "/" + ProgressFile.name, with: line(0) + line(1))
            let file = ProgressFile(folder: folder, firstEpoch: 2)
            try file.append(SampleRun.record(1))
            try file.append(SampleRun.record(2))
            #expect(try epochs(folder) == [0, 1, 2])
        }
    }

    @Test("Records that cannot be written come with the next one")
    func diskIsFull() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/" + ProgressFile.name
            try Links.make(path, to: "/dev/full")
            let file = ProgressFile(folder: folder, firstEpoch: 0)
            #expect(throws: FileError.self) { try file.append(SampleRun.record(0)) }
            #expect(throws: FileError.self) { try file.append(SampleRun.record(1)) }
            try Links.remove(path)
            try file.append(SampleRun.record(2))
            #expect(try epochs(folder) == [0, 1, 2])
        }
    }
}
