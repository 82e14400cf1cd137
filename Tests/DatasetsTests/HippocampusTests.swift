import Datasets
import Documents
import TestSupport
import Testing

/// MSD Hippocampus against what nnU-Net 2.8.1 makes of it (fingerprint and plans, ZScore, 260 cases).
@Suite(.realData) struct HippocampusTests {
    @Test("conversion, fingerprint, plans and cases") func likeThePeer() throws {
        try TestFiles.withTemporaryFolder { root in
            let data = try #require(TestFiles.realData)
            let workspace = Workspace(raw: root + "/raw", preprocessed: root + "/pre", results: root + "/res")
            let conversion = try MSDConversion(source: data + "/Task04_Hippocampus", workspace: workspace)
            _ = try conversion.run()
            try DatasetPreparation(
                workspace: workspace, name: conversion.name, options: DatasetPreparation.Options()
            ).run { _ in }
            let folder = try workspace.preprocessedFolder(of: conversion.name)

            let expected = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/hippocampus.json"))
            let plans = try Plans(contentsOf: folder + "/nnUNetPlans.json")
            #expect(plans.json["configurations"] == expected["plans"]?["configurations"])
            for key in expected["plans"]?.object?.keys ?? [] where key != "foreground_intensity_properties_per_channel"
            {
                #expect(plans.json[key] == expected["plans"]?[key], "\(key)")
            }
            let there = try #require(expected["plans"]?["foreground_intensity_properties_per_channel"]?["0"]?.object)
            let here = try #require(plans.json["foreground_intensity_properties_per_channel"]?["0"])
            for (key, value) in there.members {
                // nnU-Net sums single-precision numbers; its mean and deviation differ in the last digit.
                let (a, b) = (here[key]?.number ?? .nan, value.number ?? .nan)
                #expect(key == "mean" || key == "std" ? abs(a - b) <= 2e-7 * abs(b) : a == b, "\(key): \(a), \(b)")
            }
            let fingerprint = try JSONValue(contentsOf: folder + "/dataset_fingerprint.json")
            #expect(fingerprint["median_relative_size_after_cropping"] == expected["relativeSize"])
            #expect(fingerprint["shapes_after_crop"] == expected["shapes"])

            let store = try CaseStore(folder: folder + "/nnUNetPlans_3d_fullres")
            #expect(store.identifiers.count == 260)
            for (identifier, row) in try #require(expected["cases"]?.object).members {
                let one = try store.open(identifier)
                #expect(one.shape == row["shape"]?.integers)
                for (position, sample) in zip(row["positions"]?.integers ?? [], row["samples"]?.numbers ?? []) {
                    #expect(abs(Double(one.image[position]) - sample) <= 1e-5)
                }
                #expect(one.labels.reduce(0) { $0 + Int($1) } == row["labelSum"]?.integer)
                let first = one.classLocations.map { list in
                    list.voxels.prefix(3).map { v in (0..<3).map { Int(v[$0]) } }
                }
                #expect(JSONValue.array(first.map { .array($0.map { .integers($0) }) }) == row["locations"])
            }
            let splits = try Splits(contentsOf: folder + "/splits_final.json", identifiers: store.identifiers)
            #expect(splits.folds.map(\.validation.count) == [52, 52, 52, 52, 52])
            #expect(splits.folds[0].validation.first == expected["firstValidation"]?.string)
        }
    }
}
