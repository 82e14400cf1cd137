import Datasets
import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct CaseStoreTests {
    private let geometry = Geometry(
        spacing: [1.5, 0.75, 0.8], origin: [1, -2, 3.25], direction: [0, 1, 0, 1, 0, 0, 0, 0, -1])

    private func arrays() -> PreprocessedArrays {
        PreprocessedArrays(
            image: Tensor(shape: [2, 3, 4, 5], scalars: (0..<120).map { Float($0) / 7 }),
            labels: Tensor(shape: [3, 4, 5], scalars: (0..<60).map { Int16($0 % 5 - 1) }),
            properties: CaseProperties(
                geometry: geometry, shapeBeforeCropping: [6, 7, 8],
                boundingBox: BoundingBox(lower: [1, 2, 3], upper: [4, 6, 8]), shapeAfterCropping: [3, 4, 5]))
    }

    private func withStore(_ body: (String, CaseStore) throws -> Void) throws {
        try TestFiles.withTemporaryFolder { root in
            let writer = try CaseStoreWriter(folder: root + "/store")
            let arrays = arrays()
            let locations = ClassLocationSampler.sample(arrays.labels, keys: [[1], [9], [2, 3], [-1, 0, 1]])
            try writer.write(arrays, classLocations: locations, identifier: "b")
            try writer.write(arrays, classLocations: [], identifier: "a")
            try body(root + "/store", try writer.finish(["b", "a"], signature: "s"))
        }
    }

    @Test("what is written is read again, from mapped memory") func roundTrip() throws {
        try withStore { folder, store in
            #expect(store.identifiers == ["a", "b"] && store.signature == "s")
            let arrays = arrays()
            let one = try store.open("b")
            #expect(one.shape == [2, 3, 4, 5] && one.channelCount == 2 && one.volumeShape == [3, 4, 5])
            #expect(Array(one.image) == arrays.image.scalars && Array(one.labels) == arrays.labels.scalars)
            #expect(one.properties == arrays.properties)
            #expect(one.properties.geometry.origin == [1, -2, 3.25])
            #expect(
                one.classLocations
                    == ClassLocationSampler.sample(arrays.labels, keys: [[1], [9], [2, 3], [-1, 0, 1]]))
            #expect(one.classLocations.map(\.voxels.count) == [12, 0, 24, 36])
            #expect(one.classLocations.map(\.isAnnotatedKey) == [false, false, false, true])
            #expect(try store.open("a").classLocations.isEmpty)
        }
    }

    @Test("the files are NumPy's and CASE.json holds nnU-Net's properties") func format() throws {
        try withStore { folder, _ in
            let bytes = try FileAccess.read(folder + "/b_seg.npy")
            #expect(bytes.prefix(8) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0] && bytes.count == 128 + 120)
            let header = String(decoding: bytes[10..<128], as: UTF8.self)
            #expect(header.hasPrefix("{'descr': '<i2', 'fortran_order': False, 'shape': (1, 3, 4, 5), }"))
            #expect(header.hasSuffix(" \n"))
            let json = try JSONValue(contentsOf: folder + "/b.json")
            #expect(json["sitk_stuff"]?["spacing"]?.numbers == [0.8, 0.75, 1.5])
            #expect(json["bbox_used_for_cropping"]?.array?.compactMap(\.integers) == [[1, 4], [2, 6], [3, 8]])
            #expect(json["spacing"]?.numbers == [1.5, 0.75, 0.8])
        }
    }

    @Test(
        "damaged files are refused with their name and a remedy",
        arguments: ["b.npy", "b_seg.npy", "b_locations.npy", "b.json"])
    func damage(name: String) throws {
        try withStore { folder, store in
            let path = folder + "/" + name
            let bytes = try FileAccess.read(path)
            func expectRefusal(_ damaged: [UInt8]?) throws {
                if let damaged {
                    try FileAccess.replace(path, with: damaged)
                } else {
                    try FileManager.default.removeItem(atPath: path)
                }
                let error = #expect(throws: DatasetError.self) { try store.open("b") }
                #expect(error?.description.contains(name) == true && error?.description.contains("case b") == true)
                #expect(error?.description.contains("run plan-and-preprocess") == true)
            }
            try expectRefusal(Array(bytes.dropLast()))
            try expectRefusal([])
            try expectRefusal(Array(bytes.prefix(20)))
            try expectRefusal(Array("text".utf8))
            try expectRefusal(nil)
        }
    }

    @Test(
        "an array of another type, order or size is refused",
        arguments: [("'<f4'", "'<f8'"), ("False", "True "), ("(2, 3", "(9, 3")])
    func header(old: String, new: String) throws {
        try withStore { folder, store in
            var bytes = try FileAccess.read(folder + "/b.npy")
            let start = try #require(bytes.indices.first { bytes[$0...].starts(with: old.utf8) })
            bytes.replaceSubrange(start..<start + old.utf8.count, with: new.utf8)
            try FileAccess.replace(folder + "/b.npy", with: bytes)
            let error = #expect(throws: DatasetError.self) { try store.open("b") }
            #expect(error?.description.contains("b.npy") == true)
        }
    }

    @Test("class locations outside the case are refused") func locationsOutside() throws {
        try withStore { folder, store in
            var bytes = try FileAccess.read(folder + "/b_locations.npy")
            bytes[bytes.count - 1] = 0x7F
            try FileAccess.replace(folder + "/b_locations.npy", with: bytes)
            let error = #expect(throws: DatasetError.self) { try store.open("b") }
            #expect(error?.description.contains("lies outside the case") == true)
        }
    }

    @Test("a folder of another format or without an index is refused") func index() throws {
        try withStore { folder, _ in
            let path = folder + "/cases.json"
            for content in ["{\"version\": 99, \"cases\": [], \"signature\": \"\"}", "{}", "x"] {
                try FileAccess.replace(path, with: content)
                #expect(throws: DatasetError.self) { try CaseStore(folder: folder) }
            }
            try FileManager.default.removeItem(atPath: path)
            #expect(throws: DatasetError.self) { try CaseStore(folder: folder) }
            #expect(throws: DatasetError.self) { try CaseStore(folder: folder + "/nothing") }
        }
    }

    @Test("cases that were made as other plans say are refused; older stores are not asked") func recipe() throws {
        try withStore { folder, store in
            let path = folder + "/../nnUNetPlans.json"
            func plans(_ spacing: [Double], mean: Double = 1, scheme: String = "CTNormalization") throws -> Plans {
                let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/preparation.json"))
                var document = try #require(fixture["plans"]?.object)
                var configurations = try #require(document["configurations"]?.object)
                var configuration = try #require(configurations["3d_fullres"]?.object)
                configuration["spacing"] = .array(spacing.map { .real($0) })
                configuration["normalization_schemes"] = .strings([scheme, scheme])
                configurations["3d_fullres"] = .object(configuration)
                document["configurations"] = .object(configurations)
                document["foreground_intensity_properties_per_channel"] = ["0": ["mean": .real(mean)]]
                return try Plans(json: .object(document), path: path)
            }
            func check(_ store: CaseStore, _ plans: Plans) throws {
                try store.check(plans: plans, configuration: try plans.configuration(named: "3d_fullres"))
            }
            func remake(_ plans: Plans) throws -> CaseStore {
                let writer = try CaseStoreWriter(folder: folder)
                let configuration = try plans.configuration(named: "3d_fullres")
                return try writer.finish(
                    [], signature: "", recipe: PreprocessingRecipe.make(plans: plans, configuration: configuration))
            }
            try check(store, try plans([1, 2, 3]))
            let made = try remake(try plans([1, 2, 3]))
            try check(made, try plans([1, 2, 3]))
            let error = #expect(throws: DatasetError.self) { try check(made, try plans([1, 2, 2.5])) }
            let text = error?.description ?? ""
            #expect(text.contains("made with spacing [1.0, 2.0, 3.0]") && text.contains("says [1.0, 2.0, 2.5]"))
            #expect(text.contains("run preprocess -plans_name nnUNetPlans -c 3d_fullres"))
            #expect(throws: DatasetError.self) { try check(made, try plans([1, 2, 3], mean: 2)) }
            // Statistics count where intensities are normalized by them.
            let scored = try remake(try plans([1, 2, 3], scheme: "ZScoreNormalization"))
            try check(scored, try plans([1, 2, 3], mean: 2, scheme: "ZScoreNormalization"))
        }
    }

    @Test("an abandoned store leaves nothing, an older one stays until the new one is finished") func abandoned() throws
    {
        try withStore { folder, _ in
            let writer = try CaseStoreWriter(folder: folder)
            try writer.write(arrays(), classLocations: [], identifier: "c")
            #expect(try CaseStore(folder: folder).identifiers == ["a", "b"])
            writer.abandon()
            #expect(!FileAccess.exists(folder + ".partial"))
            let second = try CaseStoreWriter(folder: folder)
            try second.write(arrays(), classLocations: [], identifier: "c")
            #expect(try second.finish(["c"], signature: "t").identifiers == ["c"])
            #expect(!FileAccess.exists(folder + ".partial") && !FileAccess.exists(folder + ".old"))
        }
    }

    @Test("axes are exchanged and back again") func axes() {
        let volume = Tensor<Float>(shape: [2, 3, 4, 5], scalars: (0..<120).map(Float.init))
        let turned = volume.transposedVolume(by: [2, 0, 1])
        #expect(turned.shape == [2, 5, 3, 4] && turned[1, 4, 2, 3] == volume[1, 2, 3, 4])
        #expect(turned.transposedVolume(by: [1, 2, 0]) == volume)
        let labels = Tensor<Int16>(shape: [3, 4, 5], scalars: (0..<60).map(Int16.init))
        #expect(labels.transposedVolume(by: [1, 0, 2])[3, 2, 4] == labels[2, 3, 4])
    }
}
