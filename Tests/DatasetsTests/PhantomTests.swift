import Datasets
import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct PhantomTests {
    private func files(in folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for sub in try FileAccess.list(folder) where FileAccess.isFolder(folder + "/" + sub) {
            for name in try FileAccess.list(folder + "/" + sub) {
                files[sub + "/" + name] = try FileAccess.read("\(folder)/\(sub)/\(name)")
            }
        }
        return files
    }

    @Test("the same seed gives the same bytes, another seed others, and a case does not depend on their number")
    func reproducible() throws {
        try TestFiles.withTemporaryFolder { root in
            let size = [40, 40, 32]
            let first = try Phantom(caseCount: 3, seed: 11, size: size).write(to: root + "/a")
            let second = try Phantom(caseCount: 3, seed: 11, size: size).write(to: root + "/b")
            let more = try Phantom(caseCount: 2, testCaseCount: 2, seed: 11, size: size).write(to: root + "/c")
            let other = try Phantom(caseCount: 3, seed: 12, size: size).write(to: root + "/d")
            #expect(try files(in: first) == files(in: second))
            #expect(try FileAccess.read(first + "/dataset.json") == FileAccess.read(second + "/dataset.json"))
            let few = try files(in: more)
            #expect(
                few["imagesTr/phantom_001_0000.nii.gz"] == (try files(in: first))["imagesTr/phantom_001_0000.nii.gz"])
            #expect(
                few["imagesTs/phantom_002_0000.nii.gz"] == (try files(in: first))["imagesTr/phantom_002_0000.nii.gz"])
            #expect(few["labelsTs/phantom_003.nii.gz"] != nil)
            let differing = try files(in: other)
            #expect(differing["labelsTr/phantom_000.nii.gz"] != (try files(in: first))["labelsTr/phantom_000.nii.gz"])
        }
    }

    @Test(
        "every label occurs in every case, also in small ones",
        arguments: [[48, 48, 40], [40, 40, 32], [24, 24, 24], [24, 30, 61]])
    func labels(size: [Int]) throws {
        try TestFiles.withTemporaryFolder { root in
            let folder = try Phantom(caseCount: 12, seed: 3, size: size).write(to: root)
            let dataset = try RawDataset(folder: folder)
            #expect(dataset.cases.count == 12 && dataset.description.labelManager.allLabels == [0, 1, 2, 3])
            #expect(IntegrityCheck.run(dataset).errors.isEmpty)
            var spacings: Set<[Double]> = []
            for one in dataset.cases {
                let label = try NIfTI.readLabels(try #require(one.labelPath))
                #expect(label.labels.shape == size && Set(label.labels.scalars) == [0, 1, 2, 3])
                #expect(label.geometry.spacing.allSatisfy { $0 > 0.89 && $0 < 1.31 })
                spacings.insert(label.geometry.spacing)
            }
            #expect(spacings.count > 8)
        }
    }

    @Test("the best intensity window of each class scores below 0.5 Dice") func intensityDoesNotSuffice() throws {
        try TestFiles.withTemporaryFolder { root in
            let folder = try Phantom(caseCount: 8, seed: 1).write(to: root)
            let binCount = 400
            var all = [Int](repeating: 0, count: binCount)
            var perClass = Array(repeating: all, count: 4)
            for one in try RawDataset(folder: folder).cases {
                let image = try NIfTI.read(one.imagePaths[0])
                let labels = try NIfTI.readLabels(try #require(one.labelPath)).labels
                for (value, label) in zip(image.voxels.scalars, labels.scalars) {
                    let bin = min(Int(value / 4), binCount - 1)
                    all[bin] += 1
                    perClass[Int(label)][bin] += 1
                }
            }
            for label in 1...3 {
                let total = perClass[label].reduce(0, +)
                var best = 0.0
                for low in 0..<binCount {
                    var (inside, hits) = (0, 0)
                    for high in low..<binCount {
                        inside += all[high]
                        hits += perClass[label][high]
                        best = max(best, 2 * Double(hits) / Double(inside + total))
                    }
                }
                #expect(best < 0.5, "label \(label): \(best)")
            }
        }
    }

    @Test("a number that is taken and impossible arguments are refused") func refusals() throws {
        try TestFiles.withTemporaryFolder { root in
            let phantom = try Phantom(caseCount: 1, seed: 1, size: [24, 24, 24])
            let folder = try phantom.write(to: root)
            let error = #expect(throws: DatasetError.self) { try phantom.write(to: root) }
            #expect(error?.description.contains(folder) == true && error?.description.contains("--id") == true)
            #expect(throws: DatasetError.self) { try Phantom(caseCount: 0, seed: 1) }
            #expect(throws: DatasetError.self) { try Phantom(caseCount: 1, seed: 1, size: [40, 40]) }
            #expect(throws: DatasetError.self) { try Phantom(caseCount: 1, seed: 1, size: [8, 40, 40]) }
            #expect(throws: DatasetError.self) { try Phantom(caseCount: 1, seed: 1, id: 1000) }
            #expect(throws: DatasetError.self) { try Phantom(caseCount: 1, seed: 1, shortName: "a/b") }
            try FileAccess.replace(root + "/file", with: "")
            #expect(throws: DatasetError.self) { try phantom.write(to: root + "/file") }
        }
    }
}
