import ArgumentParser
import Documents
import Volumes

/// `pgps inspect`: what an image file holds.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what an image file holds: shape, spacing, direction, type, values.",
        discussion: """
            Axes are ordered D, H, W (the file's third, second and first axis), with C in front where there are \
            several channels. The direction is SimpleITK's. The sum is SHA-256 over the voxels as float32 in C order.

            Example:
              pgps inspect imagesTr/hippocampus_001.nii.gz
              pgps inspect scan.nii --canonical --json
            """)

    @Argument(help: ArgumentHelp("The image: .nii, .nii.gz, or one of a pair of .hdr and .img.", valueName: "file"))
    var path: String

    @Flag(help: "Turn and reverse the axes to RAS+ first (right, anterior, superior).")
    var canonical = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        var image = try NIfTI.read(path)
        if canonical { image = image.canonical() }
        let description = InspectedImage(image: image)
        print(json ? description.json.text() : description.text)
    }
}

/// An image's facts as a document and as lines.
private struct InspectedImage {
    /// `[D, H, W]`, or `[C, D, H, W]` with several channels.
    let shape: [Int]
    let geometry: Geometry
    let type: VoxelType
    let summary: VoxelSummary

    init(image: Image) {
        shape = image.voxels.shape[0] == 1 ? Array(image.voxels.shape[1...]) : image.voxels.shape
        geometry = image.geometry
        type = image.storedType
        summary = VoxelSummary(of: image.voxels)
    }

    var json: JSONValue {
        [
            "shape": .integers(shape),
            "spacing": .array(geometry.spacing.map(Self.number)),
            "direction": .array(geometry.direction.map(Self.number)),
            "type": .string(type.rawValue),
            "minimum": Self.number(Double(summary.minimum)),
            "maximum": Self.number(Double(summary.maximum)),
            "voxelsSHA256": .string(summary.sha256),
        ]
    }

    var text: String {
        func list(_ values: [Double]) -> String { values.map { Self.number($0).text() }.joined(separator: " ") }
        var lines = [
            "shape      \(shape.map(String.init).joined(separator: " ")) voxels",
            "spacing    \(list(geometry.spacing)) mm",
            "direction  \(list(geometry.direction))",
            "type       \(type.rawValue)",
            "minimum    \(list([Double(summary.minimum)]))",
            "maximum    \(list([Double(summary.maximum)]))",
            "SHA-256    \(summary.sha256)",
        ]
        if summary.nonFiniteCount > 0 {
            lines.append("warning    \(summary.nonFiniteCount) voxels are NaN or infinite")
        }
        return lines.joined(separator: "\n")
    }

    /// Whole numbers without a fraction.
    private static func number(_ value: Double) -> JSONValue {
        Int(exactly: value).map { .integer($0) } ?? .real(value)
    }
}
