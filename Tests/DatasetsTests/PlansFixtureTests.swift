import Datasets
import Documents
import Foundation
import TestSupport
import Testing

/// Whole plans documents against those that nnU-Net's planners write for the same fingerprints (Fixtures/plans.py).
@Suite struct PlansFixtureTests {
    private static let fixture = Result {
        try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/plans.json"))
    }

    /// `{"a": {"b": 1}}` is `["/a/b": 1]`; lists are leaves.
    private func flattened(_ value: JSONValue, _ path: String = "") -> [String: JSONValue] {
        guard let object = value.object else { return [path: value] }
        return object.members.reduce(into: [:]) { leaves, member in
            leaves.merge(flattened(member.value, path + "/" + member.key)) { $1 }
        }
    }

    /// The leaves of a planner's document, which is stored as its difference from that of the planner before.
    private func leaves(_ entry: JSONValue, of preset: PlannerPreset, base: JSONValue) throws -> [String: JSONValue] {
        var leaves = Dictionary(uniqueKeysWithValues: try #require(base.object).members.map { ($0.key, $0.value) })
        for (planner, difference) in try #require(entry["plans"]?.object).members {
            for dropped in try #require(difference["drop"]?.strings) {
                for key in leaves.keys where key == dropped || key.hasPrefix(dropped + "/") { leaves[key] = nil }
            }
            for (key, value) in try #require(difference["set"]?.object).members { leaves[key] = value }
            if planner == preset.plannerName { break }
        }
        return leaves
    }

    /// Equal in everything, but real numbers may differ in their last digits.
    private func isEqual(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        switch (left, right) {
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { isEqual($0, $1) }
        case (.real(let a), .real(let b)): abs(a - b) <= 1e-12 * abs(b)
        default: left == right
        }
    }

    /// What a planner makes of a stored fingerprint.
    private func plan(_ entry: JSONValue, with preset: PlannerPreset) throws -> JSONValue {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/dataset_fingerprint.json"
            try FileAccess.replace(path, with: try #require(entry["fingerprint"]).text())
            let planner = ExperimentPlanner(
                fingerprint: try Fingerprint(contentsOf: path),
                description: try DatasetDescription(json: try #require(entry["description"]), path: "dataset.json"),
                datasetName: try #require(entry["datasetName"]?.string), preset: preset)
            return try planner.plan().json
        }
    }

    @Test("plans of synthetic datasets are nnU-Net's, for every planner", arguments: PlannerPreset.all)
    func everyPlanner(preset: PlannerPreset) throws {
        let fixture = try Self.fixture.get()
        let base = try #require(fixture["base"])
        let entries = try #require(fixture["datasets"]?.array).filter { $0["plans"]?[preset.plannerName] != nil }
        #expect(entries.count >= (preset == .residual ? 4 : 20))
        for entry in entries {
            let expected = try leaves(entry, of: preset, base: base)
            var document = try #require(try plan(entry, with: preset).object)
            // The intensities are those of the fingerprint.
            let intensities = "foreground_intensity_properties_per_channel"
            #expect(document[intensities] == entry["fingerprint"]?[intensities])
            document[intensities] = nil
            let planned = flattened(.object(document))
            #expect(Set(planned.keys) == Set(expected.keys), "\(entry["datasetName"]?.text() ?? "")")
            for (key, value) in expected {
                #expect(isEqual(planned[key], value), "\(entry["datasetName"]?.text() ?? "") \(key)")
            }
        }
    }

    @Test("the planned configurations can be read") func readable() throws {
        let entry = try #require(try Self.fixture.get()["datasets"]?.array?.first)
        let plans = try Plans(json: try plan(entry, with: .standard), path: "nnUNetPlans.json")
        #expect(plans.configurationNames == ["2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres"])
        let reasons = try plans.configurationNames.map { try plans.configuration(named: $0).reasonAgainstTraining }
        #expect(
            reasons == [
                "it is 2D; training and predicting 2D configurations comes later",
                "it is the low-resolution stage in front of 3d_cascade_fullres; training and predicting cascades comes "
                    + "later", nil,
                "it needs the predictions of 3d_lowres as input; training and predicting cascades comes later",
            ])
        #expect(try plans.configuration(named: "2d").patchSize.count == 2)
        #expect(try plans.configuration(named: "3d_cascade_fullres").dataIdentifier == "nnUNetPlans_3d_fullres")
    }
}
