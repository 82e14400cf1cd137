import Checkpoints
import Documents
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct TorchCheckpointTests {
    private static func open<Result>(
        _ bytes: [UInt8], _ body: (TorchCheckpoint) throws -> Result
    ) throws -> Result {
        try TestFiles.withTemporaryFolder { folder in
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/a.pth"))
            return try body(TorchCheckpoint(contentsOf: folder + "/a.pth"))
        }
    }

    private static func weights(_ file: WeightsFile) throws -> [Float] {
        let buffer = AlignedBuffer<Float>(count: ExchangeFixture.layout.scalarCount)
        try file.read(ExchangeFixture.layout, into: buffer)
        return buffer.array
    }

    private static func content() -> CheckpointContent {
        let (layout, weights) = (ExchangeFixture.layout, ExchangeFixture.weights)
        let attributes = CheckpointAttributes(
            scheme: "cps", stage: 0, epoch: 2, iteration: 4, seed: 1, threads: 1, plansName: "p", plansHash: "",
            datasetHash: "", others: ["mirrorAxes": [1], "bestEmaPseudoDice": 0.5])
        return CheckpointContent(
            layout: layout, weights: weights, momentum: AlignedBuffer(weights.array.map { 2 * $0 }),
            attributes: attributes,
            metrics: [["epoch": 0, "learningRate": 0.01, "pseudoDice": [0.5, 1.0], "seconds": 2.0]])
    }

    @Test("A checkpoint of nnU-Net's trainer is understood: weights, momentum, documents")
    func trainerCheckpoint() throws {
        let fixture = try ExchangeFixture()
        // The first has no momentum of the head, which never had a gradient: it begins at 0.
        let whole = ExchangeFixture.weights.array.map { 2 * $0 }
        var withoutHead = whole
        let heads = ExchangeFixture.layout.entries.filter { StateDictNames.isHead($0.name) }
        #expect(heads.map(\.name) == ["decoder.seg_layers.0.weight", "decoder.seg_layers.0.bias"])
        for place in heads.flatMap({ Array($0.range) }) { withoutHead[place] = 0 }
        for (keys, expected) in [(["checkpoint"], withoutHead), (["torch", "protocol 4"], whole)] {
            try Self.open(fixture.bytes(keys)) { file in
                #expect(try Self.weights(file.weights) == ExchangeFixture.weights.array)
                let momentum = try #require(try file.readMomentum(ExchangeFixture.layout))
                #expect(momentum.array == expected)
                #expect(file.trainerName == "nnUNetTrainer_250epochs" && file.configuration == "3d_fullres")
                #expect(file.fold == "1" && file.finishedEpochCount == 3 && file.mirrorAxes == [0, 2])
                #expect(
                    file.plans == [
                        "plans_name": "nnUNetPlans", "spacing": [1.0, 0.5], "big": 1_099_511_627_776, "none": nil,
                    ])
                #expect(file.datasetDescription == ["labels": ["background": 0, "ä": 1]])
            }
        }
    }

    @Test(
        "Every floating-point type, stride and torch's prefix of names give the same weights",
        arguments: ["channels last, with torch's prefix", "all types"])
    func variants(name: String) throws {
        try Self.open(ExchangeFixture().bytes("torch", name)) { file in
            let weights = try Self.weights(file.weights)
            #expect(weights == ExchangeFixture.weights.array)
            let momentum = try file.readMomentum(ExchangeFixture.layout)
            #expect(momentum == nil)
        }
    }

    @Test("What is written is read back, with every name of nnU-Net's state dict") func roundTrip() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/checkpoint_final.pth"
            let content = Self.content()
            let plans: JSONValue = ["a": [1, -2, 0.5, true, nil], "b": [:], "c": [], "d": "ü", "e": 5_000_000_000]
            let origin = TorchCheckpoint.Origin(
                plans: plans, datasetDescription: ["labels": ["background": 0]], configuration: "c", fold: "all")
            try TorchCheckpoint.write(content, origin, to: path)
            #expect(try FileAccess.list(folder) == ["checkpoint_final.pth"])
            let file = try TorchCheckpoint(contentsOf: path)
            #expect(try Self.weights(file.weights) == content.weights.array)
            #expect(try file.readMomentum(content.layout)?.array == content.momentum.array)
            #expect(file.plans == plans && file.fold == "all" && file.mirrorAxes == [1])
            #expect(file.trainerName == "nnUNetTrainer" && file.finishedEpochCount == 2)
            let names = StateDictNames.keys(of: content.layout).map(\.name)
            #expect(file.weights.shapes.map(\.name) == names && names.count == 44)
            let again = folder + "/again/checkpoint_final.pth"
            try FileAccess.makeFolder(folder + "/again")
            try TorchCheckpoint.write(content, origin, to: again)
            #expect(try FileAccess.read(again) == FileAccess.read(path))
        }
    }

    @Test(
        "Names of nnU-Net's state dict follow from the first ones: counts, order", arguments: ["Lung", "Hippocampus"])
    func aliases(network: String) throws {
        let isLung = network == "Lung"
        let strides = isLung ? [1, 2, 2, 2, 2, 2].map { [$0, $0, $0] } : [1, 2, 2, 2].map { [$0, $0, $0] }
        let count = strides.count
        let layout = UNetArchitecture(
            inputChannelCount: 1, headCount: isLung ? 2 : 3,
            features: Array([32, 64, 128, 256, 320, 320].prefix(count)),
            kernelSizes: Array(repeating: [3, 3, 3], count: count), strides: strides,
            encoderConvolutionCounts: Array(repeating: 2, count: count),
            decoderConvolutionCounts: Array(repeating: 2, count: count - 1)
        ).parameterLayout
        let names = StateDictNames.keys(of: layout).map(\.name)
        let expected = try #require(try ExchangeFixture().json["keys"]?[network])
        #expect(layout.entries.count == (isLung ? 108 : 68) && names.count == (isLung ? 292 : 188))
        #expect(expected["keys"]?.integer == names.count)
        #expect(SHA256.digest(of: Array(names.joined(separator: "\n").utf8)) == expected["sha256"]?.string)
    }

    @Test("The same rule names the residual encoder's tensors") func residualAliases() throws {
        let expected = try #require(try ExchangeFixture().json["keys"]?["ResEncM Lung"])
        let parameters = try #require(expected["names"]?.strings)
        let names = StateDictNames.keys(ofParameters: parameters).map(\.name)
        #expect(parameters.count == 264 && names.count == 956)
        #expect(SHA256.digest(of: Array(names.joined(separator: "\n").utf8)) == expected["sha256"]?.string)
    }

    @Test("A network that is another one is told every difference") func differences() throws {
        try Self.open(ExchangeFixture().bytes("checkpoint")) { file in
            let other = UNetArchitecture(
                inputChannelCount: 1, headCount: 3, features: [1, 2], kernelSizes: [[1, 1, 1], [1, 3, 3]],
                strides: [[1, 1, 1], [1, 2, 2]], encoderConvolutionCounts: [1, 2], decoderConvolutionCounts: [1]
            ).parameterLayout
            let differences = file.weights.differences(from: other)
            #expect(
                differences.contains(
                    "decoder.seg_layers.0.weight is [2, 1, 1, 1, 1] in the file and [3, 1, 1, 1, 1] in this network"))
            #expect(
                differences.contains("encoder.stages.1.0.convs.1.conv.weight [2, 2, 1, 3, 3] is missing in the file"))
            #expect(file.weights.differences(from: ExchangeFixture.layout).isEmpty)
            let less = UNetArchitecture(
                inputChannelCount: 1, headCount: 2, features: [1], kernelSizes: [[1, 1, 1]], strides: [[1, 1, 1]],
                encoderConvolutionCounts: [1], decoderConvolutionCounts: []
            ).parameterLayout
            #expect(
                file.weights.differences(from: less).contains(
                    "decoder.seg_layers.0.bias [2] is unknown to this network"))
        }
    }

    @Test("The momentum of another network is left alone") func otherMomentum() throws {
        let other = UNetArchitecture(
            inputChannelCount: 1, headCount: 2, features: [1, 2], kernelSizes: [[1, 1, 1], [1, 1, 3]],
            strides: [[1, 1, 1], [1, 2, 2]], encoderConvolutionCounts: [1, 1], decoderConvolutionCounts: [1])
        let momentum = try Self.open(ExchangeFixture().bytes("checkpoint")) { file in
            try file.readMomentum(other.parameterLayout)
        }
        #expect(momentum == nil)
    }

    @Test("Code in a pickle is refused by name and never run") func code() throws {
        let marker = "/tmp/pgps-was-executed"
        #expect(!FileAccess.exists(marker))
        let bytes = try ExchangeFixture().bytes("evil")
        let error = #expect(throws: CheckpointError.self) { try Self.open(bytes) { _ in } }
        #expect(error?.description.contains("it names posix.system, which is none of the names") == true)
        #expect(!FileAccess.exists(marker))
    }

    /// Why a file of this pickle and no storages is refused.
    private static func outcome(_ pickle: [UInt8]) throws -> String {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.pth"
            try ZipFixture.write([("a/data.pkl", pickle)], to: path)
            let error = #expect(throws: CheckpointError.self) { try TorchCheckpoint(contentsOf: path) }
            return error?.description ?? ""
        }
    }

    @Test("A tensor whose last element has no number is refused") func endlessView() throws {
        // 2 elements, 2^63 - 2 apart, from place 2^63 - 2 on.
        let tensor = LiteralPickle.tensor(storageCount: .max, offset: .max - 1, size: 2, stride: .max - 1)
        let pickle = LiteralPickle.start + [0x7D] + LiteralPickle.text("a") + tensor + [0x73, 0x73, 0x2E]
        #expect(
            try Self.outcome(pickle).contains(
                "a tensor of shape [2], strides [9223372036854775806] and offset 9223372036854775806 does not lie in its "
                    + "storage of 9223372036854775807 elements"))
    }

    @Test("A momentum without its storage is refused where the file is opened") func endlessMomentum() throws {
        let tensor = LiteralPickle.tensor(storageCount: .max, offset: 0, size: 1 << 62, stride: 1)
        let text = LiteralPickle.text
        let pickle =
            LiteralPickle.start + [0x7D, 0x73] + text("optimizer_state") + [0x7D] + text("state") + [
                0x7D, 0x4B, 0, 0x7D,
            ]
            + text("momentum_buffer") + tensor + [0x73, 0x73, 0x73, 0x73, 0x2E]
        #expect(try Self.outcome(pickle).contains("the storage s is missing"))
    }

    @Test("Documents take no more memory than twice their pickle", arguments: [0, 1, 2, 100, 10_000])
    func repetition(count: Int) throws {
        // A key and a text of 1000 bytes each, remembered, and given again and again as dictionaries in a list.
        let text = LiteralPickle.text(String(repeating: "x", count: 1000))
        let plans: [UInt8] =
            [0x7D] + LiteralPickle.text("a") + [0x5D, 0x28, 0x7D] + text + [0x71, 0] + text + [0x71, 1, 0x73]
            + [[UInt8]](repeating: [0x7D, 0x68, 0, 0x68, 1, 0x73], count: count).joined() + [0x65, 0x73]
        let pickle =
            LiteralPickle.start + [0x7D, 0x73] + LiteralPickle.text("init_args") + [0x7D] + LiteralPickle.text("plans")
            + plans + [0x73, 0x73, 0x2E]
        if count > 1 {
            #expect(try Self.outcome(pickle).contains("repeats itself"))
        } else {
            try TestFiles.withTemporaryFolder { folder in
                let path = folder + "/a.pth"
                try ZipFixture.write([("a/data.pkl", pickle)], to: path)
                let plans = try #require(try TorchCheckpoint(contentsOf: path).plans)
                #expect(plans["a"]?.array?.count == count + 1)
                #expect(plans.text().utf8.count <= 2 * pickle.count + 1024)
            }
        }
    }

    @Test("Pickles that want more than they hold are refused")
    func hostilePickles() throws {
        let (outcome, weights) = (Self.outcome, LiteralPickle.start)
        // Two million marks, tuples in tuples, lists in lists.
        #expect(try outcome([0x80, 2] + [UInt8](repeating: 0x28, count: 2_000_000)).contains("ends in the middle"))
        let nested = [UInt8](repeating: 0x85, count: 2_000_000)
        #expect(try outcome([0x80, 2, 0x4E] + nested + [0x2E]).contains("no network_weights"))
        #expect(try outcome(weights + [0x4E] + nested + [0x73, 0x2E]).contains("no dictionary"))
        // A text of 4 GB, a memory of 4 billion values, an unknown operation.
        #expect(try outcome([0x80, 2, 0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0x41]).contains("ends in the middle"))
        #expect(try outcome([0x80, 2, 0x4E, 0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0x2E]).contains("no network_weights"))
        #expect(try outcome([0x80, 2, 0x69, 0x2E]).contains("the operation 105 at byte 2"))
        #expect(try outcome([0x80, 9, 0x4E, 0x2E]).contains("protocol 9"))
        // A list that holds itself, given as plans.
        let circle: [UInt8] = [0x5D, 0x71, 0, 0x68, 0, 0x61]
        let emptyWeights: [UInt8] = [0x7D, 0x73]
        let arguments: [UInt8] =
            [0x58, 9, 0, 0, 0] + Array("init_args".utf8) + [0x7D, 0x58, 5, 0, 0, 0]
            + Array("plans".utf8) + [0x7D, 0x4B, 1] + circle + [0x73, 0x73, 0x73, 0x2E]
        #expect(try outcome(weights + emptyWeights + arguments).contains("nested more than 64 times"))
        // 2^30 values out of 30 lists that stand twice in each other.
        var doubled: [UInt8] = [0x4E]
        for index in 0..<30 { doubled += [0x71, UInt8(index), 0x68, UInt8(index), 0x86] }
        let bomb: [UInt8] =
            [0x58, 9, 0, 0, 0] + Array("init_args".utf8) + [0x7D, 0x58, 5, 0, 0, 0]
            + Array("plans".utf8) + [0x7D, 0x4B, 1] + doubled + [0x73, 0x73, 0x73, 0x2E]
        #expect(try outcome(weights + emptyWeights + bomb).contains("repeats itself"))
    }

    /// Reads all that is in a file.
    private static func readWhole(_ path: String) throws {
        let file = try TorchCheckpoint(contentsOf: path)
        _ = try weights(file.weights)
        _ = try file.readMomentum(ExchangeFixture.layout)
    }

    /// Files of weights alone, and with momentum and documents.
    static let damaged = [["torch", "all types"], ["checkpoint"]]

    @Test("Truncated at every length, a file gives a clear error at once", arguments: damaged)
    func truncation(keys: [String]) throws {
        try Damage.checkTruncations(ExchangeFixture().bytes(keys), ending: "pth", Self.readWhole)
    }

    @Test("5,000 changed bytes give a clear error or the declared tensors, each at once", arguments: damaged)
    func flips(keys: [String]) throws {
        try Damage.checkFlips(ExchangeFixture().bytes(keys), count: 5000, ending: "pth", Self.readWhole)
    }
}
