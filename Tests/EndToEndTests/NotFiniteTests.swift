import Documents
import Foundation
import Testing

extension EndToEnd {
    @Suite struct NotFiniteTests {
        private static let arguments = [
            "train", "900", "3d_fullres", "0", "-tr", "pgps-efficiency", "--epochs", "20", "--iterations-per-epoch",
            "1", "--validation-iterations", "0", "--threads", "1",
        ]

        /// Calls `body` while the last row of a preprocessed image is not a number.
        private func withSpoiledImage(_ path: String, _ body: () throws -> Void) throws {
            let bytes = try FileAccess.read(path)
            let row = 20
            let spoiled = (0..<row).flatMap { _ in withUnsafeBytes(of: Float.nan.bitPattern.littleEndian, Array.init) }
            try FileAccess.replace(path, with: bytes.dropLast(spoiled.count) + spoiled)
            try body()
            try FileAccess.replace(path, with: bytes)
        }

        @Test("A value that is not a number stops all ranks before the weights change, and names iteration and case")
        func notFinite() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 4)
                let undisturbed = try sandbox.start(Self.arguments).outcome()
                let sum = try #require(undisturbed.weightsSHA256, "\(undisturbed)")

                let results = sandbox.folder + "/spoiled"
                let folder = sandbox.runFolder("pgps-efficiency", in: results)
                let splits = try JSONValue(contentsOf: sandbox.preprocessedFolder() + "/splits_final.json")
                let identifier = try #require(splits.array?.first?["train"]?.strings?.first)
                let image = sandbox.preprocessedFolder() + "/nnUNetPlans_3d_fullres/\(identifier).npy"
                try withSpoiledImage(image) {
                    let stopped = try sandbox.start(Self.arguments, ranks: 2, results: results).outcome()
                    expectRefused(stopped, saying: "is not a finite number", "its cases: \(identifier);", "--c")
                    let named = stopped.errors.firstMatch(of: #/of iteration ([0-9]+) /#)
                    let iteration = try #require(named.flatMap { Int($0.1) }, "\(stopped)")
                    #expect(iteration > 0, "the first iteration fails already, which is no test of the weights")
                    #expect(!FileAccess.exists(folder + "/checkpoint_final.h5"))
                    let shown = try JSONValue(
                        parsing: sandbox.run("checkpoint", "show", folder + "/checkpoint_latest.h5", "--json").output)
                    #expect(try #require(shown["iteration"]?.integer) <= iteration)
                }
                // The weights that were kept are those of the run without it.
                let continued = try sandbox.start(Self.arguments + ["--c"], ranks: 2, results: results).outcome()
                #expect(continued.weightsSHA256 == sum, "\(continued)")
            }
        }
    }
}
