import Documents
import Foundation

/// The files of one case.
public struct RawCase: Sendable, Equatable {
    public let identifier: String
    /// One image file per channel, in channel order.
    public let imagePaths: [String]
    /// Nil where no label file was found.
    public let labelPath: String?

    public init(identifier: String, imagePaths: [String], labelPath: String?) {
        self.identifier = identifier
        self.imagePaths = imagePaths
        self.labelPath = labelPath
    }
}

/// A raw dataset in nnU-Net's layout: `dataset.json`, `imagesTr/CASE_0000.nii.gz`, `labelsTr/CASE.nii.gz`.
public struct RawDataset: Sendable {
    public let folder: String
    public let description: DatasetDescription
    /// The training cases, sorted by identifier (by code points, as Python sorts).
    public let cases: [RawCase]
    /// Image files in imagesTr whose names carry no channel number; they belong to no case.
    public let strayFiles: [String]

    /// Reads dataset.json and lists the training cases; opens no image.
    ///
    /// - Throws: ``DatasetError`` when dataset.json or imagesTr is missing or malformed.
    public init(folder: String) throws(DatasetError) {
        let description = try DatasetDescription(contentsOf: folder + "/dataset.json")
        self.folder = folder
        self.description = description
        if let explicit = description.json["dataset"] {
            cases = try Self.explicitCases(explicit, folder: folder, path: description.path)
            strayFiles = []
        } else {
            (cases, strayFiles) = try Self.listedCases(in: folder, ending: description.fileEnding)
        }
    }

    /// Finds the cases of a folder of images by their names, e.g. imagesTs; labels are not looked for.
    public static func cases(inImageFolder folder: String, ending: String) throws(DatasetError) -> [RawCase] {
        try groupedImages(in: folder, ending: ending).images.map { group in
            RawCase(identifier: group.identifier, imagePaths: group.paths, labelPath: nil)
        }
    }

    private static func listedCases(
        in folder: String, ending: String
    ) throws(DatasetError) -> (cases: [RawCase], stray: [String]) {
        let grouped = try groupedImages(in: folder + "/imagesTr", ending: ending)
        let cases = grouped.images.map { group in
            let label = folder + "/labelsTr/" + group.identifier + ending
            return RawCase(
                identifier: group.identifier, imagePaths: group.paths,
                labelPath: FileAccess.exists(label) ? label : nil)
        }
        return (cases, grouped.stray)
    }

    private static func groupedImages(
        in folder: String, ending: String
    ) throws(DatasetError) -> (images: [(identifier: String, paths: [String])], stray: [String]) {
        let names: [String]
        do throws(FileError) { names = try FileAccess.list(folder) } catch { throw .file(error) }
        var groups: [String: [String]] = [:]
        var stray: [String] = []
        for name in names where name.hasSuffix(ending) && !name.hasPrefix(".") {
            let stem = name.dropLast(ending.count)
            let channel = stem.suffix(5)
            if stem.count > 5, channel.first == "_", channel.dropFirst().utf8.allSatisfy({ (48...57).contains($0) }) {
                groups[String(stem.dropLast(5)), default: []].append(name)
            } else {
                stray.append(folder + "/" + name)
            }
        }
        let images = groups.keys.sortedByCodePoints().map { identifier in
            (identifier, (groups[identifier] ?? []).sortedByCodePoints().map { folder + "/" + $0 })
        }
        return (images, stray)
    }

    private static func explicitCases(
        _ value: JSONValue, folder: String, path: String
    ) throws(DatasetError) -> [RawCase] {
        let rule =
            "\"dataset\" must be an object like {\"case_1\": {\"images\": [\"a.nii.gz\"], \"label\": \"b.nii.gz\"}}"
        guard let members = value.object else { throw .document(path: path, problems: [rule]) }
        var cases: [String: RawCase] = [:]
        var problems: [String] = []
        for (identifier, entry) in members.members {
            guard let images = entry["images"]?.strings, let label = entry["label"]?.string else {
                problems.append("\"dataset\": the case \"\(identifier)\" is \(entry.text()); \(rule)")
                continue
            }
            cases[identifier] = RawCase(
                identifier: identifier, imagePaths: images.map { absolute($0, in: folder) },
                labelPath: absolute(label, in: folder))
        }
        if !problems.isEmpty { throw .document(path: path, problems: problems) }
        return cases.keys.sortedByCodePoints().compactMap { cases[$0] }
    }

    /// A path of the `dataset` key: `$VARIABLES` expanded, relative ones below the dataset's folder.
    static func absolute(
        _ path: String, in folder: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        var expanded = ""
        var rest = path[...]
        while let dollar = rest.firstIndex(of: "$") {
            expanded += rest[..<dollar]
            var name = rest[rest.index(after: dollar)...]
            let isBraced = name.first == "{"
            if isBraced { name = name.dropFirst() }
            let variable = name.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let after = name.dropFirst(variable.count)
            if let value = environment[String(variable)], !variable.isEmpty, !isBraced || after.first == "}" {
                expanded += value
                rest = isBraced ? after.dropFirst() : after
            } else {
                expanded += "$"
                rest = rest[rest.index(after: dollar)...]
            }
        }
        expanded += rest
        return expanded.hasPrefix("/") ? expanded : folder + "/" + expanded
    }
}

extension Sequence<String> {
    /// Sorted as Python sorts text: by code points, without regard to equivalent spellings.
    func sortedByCodePoints() -> [String] {
        sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }
}
