import Datasets
import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

/// The whole way from raw files to preprocessed cases, against nnU-Net on the same formula.
@Suite struct PreparationTests {
    private var fixture: JSONValue {
        get throws { try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/preparation.json")) }
    }

    /// Equal documents; numbers may differ by `tolerance`, relatively.
    private func expectEqual(_ left: JSONValue, _ right: JSONValue, tolerance: Double, _ path: String = "") {
        switch (left, right) {
        case (.object(let a), .object(let b)):
            #expect(a.keys == b.keys, "\(path)")
            for key in a.keys { expectEqual(a[key] ?? .null, b[key] ?? .null, tolerance: tolerance, path + "/" + key) }
        case (.array(let a), .array(let b)):
            #expect(a.count == b.count, "\(path)")
            for (index, pair) in zip(a, b).enumerated() {
                expectEqual(pair.0, pair.1, tolerance: tolerance, path + "[\(index)]")
            }
        case (.real(let a), .real(let b)): #expect(abs(a - b) <= tolerance * abs(b), "\(path): \(a), \(b)")
        default: #expect(left == right, "\(path)")
        }
    }

    @Test("fingerprint, plans and preprocessed cases are nnU-Net's") func likeThePeer() throws {
        let fixture = try fixture
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root)
            try SyntheticDataset.prepare(dataset)
            let folder = try dataset.workspace.preprocessedFolder(of: dataset.name)

            // Sums of single-precision numbers differ in the last digit.
            let fingerprint = try JSONValue(parsing: try #require(fixture["fingerprint"]?.string))
            expectEqual(
                try JSONValue(contentsOf: folder + "/dataset_fingerprint.json"), fingerprint, tolerance: 2e-7)
            let plans = try Plans(contentsOf: folder + "/nnUNetPlans.json")
            expectEqual(plans.json, try #require(fixture["plans"]), tolerance: 2e-7)

            let store = try CaseStore(folder: folder + "/nnUNetPlans_3d_fullres")
            #expect(store.identifiers == (0..<6).map { "case_\($0)" })
            for (number, expected) in try #require(fixture["cases"]?.array).enumerated() {
                try compare(try store.open("case_\(number)"), with: expected)
            }
        }
    }

    private func compare(_ one: PreprocessedCase, with expected: JSONValue) throws {
        #expect(one.shape == expected["shape"]?.integers)
        #expect(one.properties.shapeBeforeCropping == expected["before"]?.integers)
        #expect(one.properties.shapeAfterCropping == expected["after"]?.integers)
        let box = expected["box"]?.array?.compactMap(\.integers) ?? []
        #expect(
            one.properties.boundingBox.lower == box.map { $0[0] }
                && one.properties.boundingBox.upper == box.map { $0[1] })
        let positions = try #require(expected["positions"]?.integers)
        let count = one.voxelCount
        for channel in 0..<2 {
            let voxels = one.image[channel * count..<(channel + 1) * count]
            let squares = voxels.reduce(0.0) { $0 + Double($1) * Double($1) }
            let sum = voxels.reduce(0.0) { $0 + Double($1) }
            // Single-precision voxels, statistics in another order of summation.
            let squaresThere = try #require(expected["squares"]?.numbers)[channel]
            #expect(abs(squares - squaresThere) <= 1e-5 * squaresThere)
            #expect(abs(sum - (expected["sum"]?.numbers?[channel] ?? .nan)) <= 1e-5 * Double(count))
            let samples = try #require(expected["samples"]?.array?[channel].numbers)
            for (position, sample) in zip(positions, samples) {
                #expect(abs(Double(one.image[channel * count + position]) - sample) <= 1e-5)
            }
        }
        var counts: [String: Int] = [:]
        for label in one.labels { counts[String(label), default: 0] += 1 }
        #expect(counts == expected["labels"]?.object?.members.reduce(into: [:]) { $0[$1.key] = $1.value.integer })
        #expect(one.classLocations.map(\.key) == [[1], [2]])
        let locations = one.classLocations.map { $0.voxels.count }
        #expect(locations == ["1", "2"].map { expected["locations"]?[$0]?.integer ?? -1 })
    }

    @Test("class locations are nnU-Net's, with regions, an ignore label and absent labels") func classLocations() throws
    {
        let shape = [40, 41, 42]
        var labels = Tensor<Int16>(shape: shape, repeating: -1)
        for d in 2..<40 {
            for h in 0..<41 { for w in 0..<42 { labels[d, h, w] = Int16((d / 3 + h / 5 + w / 7) % 5) } }
        }
        let fixture = try fixture
        let rows = try #require(fixture["sampled"]?.array)
        #expect(rows.count == 9)
        for row in rows {
            let keys = (row["keys"]?.array ?? []).compactMap(\.integers)
            let key = try #require(row["key"]?.integers)
            let sampled = ClassLocationSampler.sample(labels, keys: keys)
            let found = try #require(sampled.first { $0.key == key })
            #expect(found.voxels.count == row["count"]?.integer)
            #expect(found.isAnnotatedKey == (key.first == -1))
            let first = found.voxels.prefix(5).map { voxel in (0..<3).map { Int(voxel[$0]) } }
            #expect(first == (row["first"]?.array?.compactMap(\.integers) ?? []))
            let weighted = (0..<3).map { axis in
                found.voxels.enumerated().reduce(0) { $0 + Int($1.element[axis]) * (($1.offset + 1) % 1009) }
            }
            #expect(weighted == row["weighted"]?.integers)
            #expect(found.voxels.allSatisfy { key.contains(Int(labels[Int($0[0]), Int($0[1]), Int($0[2])])) })
        }
    }

    @Test("a second run keeps what is up to date, --clean makes it anew") func secondRun() throws {
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root)
            let folder = try dataset.workspace.preprocessedFolder(of: dataset.name)
            let voxels = folder + "/nnUNetPlans_3d_fullres/case_0.npy"
            func inode() throws -> UInt64 {
                try #require(FileManager.default.attributesOfItem(atPath: voxels)[.systemFileNumber] as? UInt64)
            }
            try SyntheticDataset.prepare(dataset)
            let first = try inode()
            let bytes = try FileAccess.read(voxels)
            try SyntheticDataset.prepare(dataset)
            #expect(try inode() == first)
            var options = DatasetPreparation.Options()
            options.isClean = true
            try SyntheticDataset.prepare(dataset, options: options)
            #expect(try FileAccess.read(voxels) == bytes)
            #expect(
                try FileAccess.list(folder) == [
                    "dataset.json", "dataset_fingerprint.json", "gt_segmentations", "nnUNetPlans.json",
                    "nnUNetPlans_3d_fullres", "splits_final.json",
                ])
            // A changed image makes the cases stale.
            _ = try SyntheticDataset.write(to: root) { number, one in
                if number == 0 { one.channels[1].scalars[1000] += 20 }
            }
            let notes = NoteCollector()
            try DatasetPreparation(workspace: dataset.workspace, name: dataset.name, options: .init()).run { event in
                if case .note(let text) = event { notes.add(text) }
            }
            #expect(try FileAccess.read(voxels) != bytes)
            let store = folder + "/nnUNetPlans_3d_fullres"
            #expect(notes.texts == ["The cases in \(store) belong to other images or plans; they are made anew."])
        }
    }

    @Test("an interrupted run leaves nothing that counts as preprocessed, and the next one repairs it")
    func interrupted() throws {
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root)
            let folder = try dataset.workspace.preprocessedFolder(of: dataset.name)
            try FileAccess.makeFolder(folder + "/nnUNetPlans_3d_fullres.partial")
            try FileAccess.replace(folder + "/nnUNetPlans_3d_fullres.partial/case_0.npy", with: "half")
            try FileAccess.makeFolder(folder + "/nnUNetPlans_3d_fullres")
            let error = #expect(throws: DatasetError.self) { try CaseStore(folder: folder + "/nnUNetPlans_3d_fullres") }
            #expect(error?.description.contains("incomplete") == true)
            try SyntheticDataset.prepare(dataset)
            #expect(try CaseStore(folder: folder + "/nnUNetPlans_3d_fullres").identifiers.count == 6)
            #expect(try !FileAccess.list(folder).contains { $0.hasSuffix(".partial") || $0.hasSuffix(".old") })
        }
    }

    @Test("a user's configuration survives planning again") func userConfiguration() throws {
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root)
            try SyntheticDataset.prepare(dataset)
            let path = try dataset.workspace.preprocessedFolder(of: dataset.name) + "/nnUNetPlans.json"
            var document = try #require(JSONValue(contentsOf: path).object)
            var configurations = try #require(document["configurations"]?.object)
            configurations["bs4"] = ["inherits_from": "3d_fullres", "batch_size": 4, "my_key": "kept"]
            document["configurations"] = .object(configurations)
            try FileAccess.replace(path, with: JSONValue.object(document).text(indent: 4))
            try SyntheticDataset.prepare(dataset)
            let plans = try Plans(contentsOf: path)
            #expect(try plans.configuration(named: "bs4").batchSize == 4)
            #expect(plans.json["configurations"]?["bs4"]?["my_key"]?.string == "kept")
        }
    }

    @Test("a configuration that the plans lack is skipped with a note") func unknownConfiguration() throws {
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root)
            var options = DatasetPreparation.Options()
            options.configurations = ["3d_lowres"]
            let notes = NoteCollector()
            try DatasetPreparation(workspace: dataset.workspace, name: dataset.name, options: options).run { event in
                if case .note(let text) = event { notes.add(text) }
            }
            #expect(notes.texts == ["INFO: the plans nnUNetPlans have no configuration 3d_lowres; it is skipped."])
        }
    }
}
