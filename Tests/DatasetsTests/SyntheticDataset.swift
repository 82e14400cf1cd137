import Datasets
import Documents
import Tensors
import TestSupport
import Volumes

/// The small dataset of Fixtures/preparation.py: six cases, two channels, by a formula.
enum SyntheticDataset {
    /// Voxels of one case.
    struct Case {
        var channels: [Tensor<Float>]
        var labels: Tensor<Int32>
        var spacing: [Double]
    }

    static func voxels(of number: Int) -> Case {
        let shape = [22 + number, 20 + 2 * (number % 3), 14 + number % 2]
        var channels = Array(repeating: [Float](), count: 2)
        var labels: [Int32] = []
        for d in 0..<shape[0] {
            for h in 0..<shape[1] {
                for w in 0..<shape[2] {
                    let isInside =
                        d >= 2 && d < shape[0] - 3 && h >= 3 && h < shape[1] - 1 - number % 2 && w >= 1
                        && w < shape[2] - 2 && (d + h + w) % 37 != 5
                    var label = 0
                    if (4..<14).contains(d), (6..<13 + number % 4).contains(h), (3..<9).contains(w) { label = 1 }
                    if (8..<12).contains(d), (8..<11).contains(h), (4..<8).contains(w) { label = 2 }
                    labels.append(Int32(label))
                    for channel in 0..<2 {
                        let product = (d * 73 + h * 179 + w * 283 + channel * 97 + number * 631) * 2_654_435_761
                        let noise = (product % (1 << 32)) >> 16
                        let value = 200 + 3 * d + 2 * h - w + 50 * channel + 40 * label + noise % 64
                        channels[channel].append(isInside ? Float(value) : 0)
                    }
                }
            }
        }
        return Case(
            channels: channels.map { Tensor(shape: [1] + shape, scalars: $0) },
            labels: Tensor(shape: shape, scalars: labels),
            spacing: [0.8, 0.75, [2.0, 2.0, 2.25, 2.25, 2.0, 2.75][number]])
    }

    static let description: JSONValue = [
        "channel_names": ["0": "CT", "1": "T2"], "labels": ["background": 0, "organ": 1, "core": 2],
        "numTraining": 6, "file_ending": ".nii.gz",
    ]

    /// Writes the dataset as `raw/Dataset001_Small` and returns a workspace around it.
    ///
    /// - Parameter change: alters a case before it is written.
    static func write(
        to root: String, caseCount: Int = 6, description: JSONValue = description,
        change: (Int, inout Case) -> Void = { _, _ in }
    ) throws -> (workspace: Workspace, name: DatasetName) {
        let folder = root + "/raw/Dataset001_Small"
        try FileAccess.makeFolder(folder + "/imagesTr")
        try FileAccess.makeFolder(folder + "/labelsTr")
        for number in 0..<caseCount {
            var one = voxels(of: number)
            change(number, &one)
            let geometry = Geometry(spacing: one.spacing)
            for (channel, voxels) in one.channels.enumerated() {
                try NIfTI.write(
                    Image(voxels: voxels, geometry: geometry),
                    to: folder + "/imagesTr/case_\(number)_000\(channel).nii.gz")
            }
            try NIfTI.write(labels: one.labels, geometry: geometry, to: folder + "/labelsTr/case_\(number).nii.gz")
        }
        try FileAccess.replace(folder + "/dataset.json", with: description.text(indent: 4))
        let workspace = Workspace(
            raw: root + "/raw", preprocessed: root + "/preprocessed", results: root + "/results")
        return (workspace, try DatasetName.resolve("1", in: workspace))
    }

    /// Runs the whole preparation; events are dropped.
    static func prepare(
        _ dataset: (workspace: Workspace, name: DatasetName),
        options: DatasetPreparation.Options = DatasetPreparation.Options()
    ) throws {
        try DatasetPreparation(workspace: dataset.workspace, name: dataset.name, options: options).run { _ in }
    }
}
