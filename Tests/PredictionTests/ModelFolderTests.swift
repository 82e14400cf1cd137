import Datasets
import Foundation
import Networks
import Prediction
import TestSupport
import Testing

@Suite struct ModelFolderTests {
    private func message(_ body: () throws -> Void) throws -> String {
        "\(try #require(#expect(throws: (any Error).self, performing: body)))"
    }

    @Test func foldsAreLoadedWithTheAxesTheyWereMirroredAlong() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/cps__nnUNetPlans__3d_fullres"
            try TinyModel().write(to: path, folds: [("0", [0, 2]), ("1", [0, 2]), ("all", [1])])
            let model = try ModelFolder(path: path)
            #expect(model.architecture.features == [4, 8] && model.architecture.headCount == 2)
            #expect(model.configuration.name == "3d_fullres")
            #expect(model.folds(withCheckpoint: "checkpoint_final.h5") == [.number(0), .number(1), .all])
            let weights = try model.loadWeights(folds: [.number(0), .number(1)])
            #expect(weights.mirrorAxes == [0, 2])
            #expect(weights.members.map { $0.pointer[0] } == [-0.5, Float(1) / 101 - 0.5])
            #expect(
                try message { _ = try model.loadWeights(folds: [.number(0), .all]) }
                    .contains("fold_0 and fold_all cannot be averaged"))
            let missing = try message { _ = try model.loadWeights(folds: [.number(0), .number(3)]) }
            #expect(missing.contains("fold 3 has no checkpoint") && missing.contains("fold 0, 1, all"))
        }
    }

    @Test func aMissingModelNamesThoseThatExist() throws {
        try TestFiles.withTemporaryFolder { folder in
            try TinyModel().write(to: folder + "/cps__nnUNetPlans__3d_fullres")
            let text = try message { _ = try ModelFolder(path: folder + "/pgps__nnUNetPlans__3d_fullres") }
            #expect(text.contains("no trained model in \(folder)/pgps__nnUNetPlans__3d_fullres"))
            #expect(text.contains("beside it lie cps__nnUNetPlans__3d_fullres"))
            try TinyModel().write(to: folder + "/a__b__3d_fullres")
            try FileManager.default.moveItem(atPath: folder + "/a__b__3d_fullres", toPath: folder + "/model")
            #expect(
                try message { _ = try ModelFolder(path: folder + "/model") }
                    .contains("model is not named as a model's folder: TRAINER__PLANS__CONFIGURATION"))
        }
    }

    @Test(arguments: [
        ("checkpoint_best", "checkpoint_best.h5"), ("checkpoint_best.pth", "checkpoint_best.h5"), ("x.h5", "x.h5"),
        ("final", "checkpoint_final.h5"), ("best", "checkpoint_best.h5"),
    ]) func checkpointsAreNamedAsInNNUNet(name: String, file: String) {
        #expect(ModelFolder.checkpointFile(name) == file)
    }

    @Test(arguments: [
        ("nnUNetTrainer", true), ("nnUNetTrainer_250epochs", true), ("MyTrainer", true), ("cps", false),
        ("Trainer__x", false), ("../Trainer", false),
    ]) func classesOfTrainersAreKnownByTheirNames(name: String, isTrainer: Bool) {
        #expect(ModelFolder.isTrainerClass(name) == isTrainer)
    }

    /// A real network over a real window: the logits of a single patch are the session's, to the last bit.
    @Test func aSessionServesAsNetwork() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/cps__nnUNetPlans__3d_fullres"
            try TinyModel().write(to: path, folds: [("0", [0])])
            let model = try ModelFolder(path: path)
            let weights = try model.loadWeights(folds: [.number(0)])
            let patch = model.configuration.patchSize
            let session = try Session(
                architecture: model.architecture, batchSize: 1, patchSize: patch, purpose: .inference)
            let image = (0..<patch.reduce(1, *)).map { Float($0 % 13) / 13 }
            session.load(weights: weights.members[0])
            session.forward(image)
            let expected = Array(UnsafeBufferPointer(start: session.logits(level: 0), count: 2 * image.count))
            let network = SessionNetwork(session: session, members: weights.members)
            var logits: [Float] = []
            try image.withUnsafeBufferPointer { image in
                try TiledInference(window: SlidingWindow(imageShape: patch, patchSize: patch))
                    .run(image: image, network: network) { slab in
                        logits += UnsafeBufferPointer(start: slab.logits, count: 2 * image.count)
                    }
            }
            #expect(logits == expected)
        }
    }
}
