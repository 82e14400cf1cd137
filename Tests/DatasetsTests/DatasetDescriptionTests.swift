import Datasets
import Documents
import TestSupport
import Testing

@Suite struct DatasetDescriptionTests {
    private func description(_ text: String) throws -> DatasetDescription {
        try DatasetDescription(json: JSONValue(parsing: text), path: "/data/dataset.json")
    }

    private func document(labels: String = #"{"background": 0, "a": 1}"#, more: String = "") -> String {
        #"{"channel_names": {"0": "CT", "1": "T2"}, "labels": \#(labels), "numTraining": 7, "file_ending": ".nii.gz"\#(more)}"#
    }

    @Test("channels, labels, ending and count") func plain() throws {
        let plain = try description(document(labels: #"{"background": 0, "b": 2, "a": 1}"#))
        #expect(plain.channelNames == ["CT", "T2"] && plain.trainingCaseCount == 7 && plain.fileEnding == ".nii.gz")
        #expect(plain.labels.map(\.name) == ["background", "b", "a"])
        #expect(plain.labelManager == LabelManager(allLabels: [0, 1, 2]))
        #expect(plain.labelManager.headCount == 3 && plain.labelManager.foregroundLabels == [1, 2])
        #expect(plain.labelManager.locationKeys == [[1], [2]] && plain.outputNames == ["background", "a", "b"])
    }

    @Test("more than ten channels are ordered by number") func manyChannels() throws {
        let names = (0..<12).reversed().map { "\"\($0)\": \"c\($0)\"" }.joined(separator: ", ")
        let many = try description(
            #"{"channel_names": {\#(names)}, "labels": {"background": 0, "a": 1}, "numTraining": 1, "file_ending": ".nii"}"#
        )
        #expect(many.channelNames == (0..<12).map { "c\($0)" })
    }

    @Test("an ignore label has no output and adds the key of annotated voxels") func ignore() throws {
        let manager = try description(document(labels: #"{"background": 0, "a": 1, "ignore": 2}"#)).labelManager
        #expect(manager.ignoreLabel == 2 && manager.allLabels == [0, 1] && manager.headCount == 2)
        #expect(manager.locationKeys == [[1], [-1, 0, 1]])
    }

    @Test("regions keep the order of the document") func regions() throws {
        let text = document(
            labels: #"{"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": 3, "ignore": 4}"#,
            more: #", "regions_class_order": [1, 2, 3]"#)
        let parsed = try description(text)
        let manager = parsed.labelManager
        #expect(manager.regions == [[1, 2, 3], [2, 3], [3]] && manager.regionsClassOrder == [1, 2, 3])
        #expect(manager.headCount == 3 && manager.hasRegions && manager.foregroundLabels == [1, 2, 3])
        #expect(manager.locationKeys == [[1, 2, 3], [2, 3], [3], [-1, 0, 1, 2, 3]])
        #expect(parsed.outputNames == ["whole", "core", "enhancing"])
    }

    @Test("the old key of the channels is understood") func oldKey() throws {
        let old = try description(
            #"{"modality": {"0": "CT"}, "labels": {"background": 0, "a": 1}, "numTraining": 7, "file_ending": ".nii.gz"}"#
        )
        #expect(old.usesOldChannelKey && old.channelNames == ["CT"])
    }

    @Test(
        "what is wrong is said",
        arguments: [
            (#"[]"#, "must be a JSON object"),
            (#"{}"#, "\"channel_names\" is missing"),
            (#"{}"#, "\"numTraining\" is missing"),
            (#"{"channel_names": {"1": "CT"}}"#, "names the channels by number"),
            (#"{"channel_names": ["CT"]}"#, "names the channels by number"),
            (#"{"labels": {"0": "background", "1": "a"}}"#, "the old way round"),
            (#"{"labels": {"a": 1}}"#, "\"background\": 0"),
            (#"{"labels": {"background": [0], "a": -1}}"#, "the value of label \"a\" is -1"),
            (#"{"labels": {"background": 0, "a": 2}}"#, "[0, 2]; they must run 0, 1, 2"),
            (#"{"labels": {"background": 0, "a": 1, "ignore": 3}}"#, "\"ignore\" is [3]"),
            (#"{"labels": {"background": 0, "a": [1, 2]}}"#, "\"regions_class_order\" is missing"),
            (#"{"labels": {"background": 0, "a": "1"}}"#, "the value of label \"a\""),
            (
                #"{"labels": {"background": 0, "a": 9223372036854775807}}"#,
                "the value of label \"a\" is 9223372036854775807; it must be an integer from 0 to 65535"
            ),
            (
                #"{"labels": {"background": 0, "a": [1, 65536], "ignore": 9223372036854775807}}"#,
                "the value of label \"a\" is [1, 65536]; it must be an integer from 0 to 65535"
            ),
            (#"{"numTraining": "7"}"#, "\"numTraining\" is \"7\""),
            (#"{"numTraining": 0}"#, "\"numTraining\" is 0"),
            (#"{"file_ending": "nii.gz"}"#, "starts with a dot"),
        ])
    func malformed(text: String, message: String) throws {
        let error = #expect(throws: DatasetError.self) { try description(text) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("/data/dataset.json") == true)
    }

    @Test("a file that is missing or no JSON is named") func files() throws {
        try TestFiles.withTemporaryFolder { folder in
            var error = #expect(throws: DatasetError.self) {
                try DatasetDescription(contentsOf: folder + "/dataset.json")
            }
            #expect(error?.description.contains("\(folder)/dataset.json: the file is missing") == true)
            try FileAccess.replace(folder + "/dataset.json", with: "{\"labels\": }")
            error = #expect(throws: DatasetError.self) { try DatasetDescription(contentsOf: folder + "/dataset.json") }
            #expect(error?.description.contains("line 1, column 12") == true)
        }
    }
}
