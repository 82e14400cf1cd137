import Tensors
import Volumes

/// The integrity rules of one case; collects what breaks them.
struct CaseCheck {
    let rawCase: RawCase
    let channelCount: Int
    /// Values that may occur in a label map; nil: any from 0 to 32767.
    let declaredLabels: Set<Int>?
    private(set) var errors: [IntegrityProblem] = []
    private(set) var warnings: [IntegrityProblem] = []

    init(rawCase: RawCase, channelCount: Int, declaredLabels: Set<Int>?) {
        self.rawCase = rawCase
        self.channelCount = channelCount
        self.declaredLabels = declaredLabels
    }

    mutating func error(_ file: String, _ finding: String, _ remedy: String) {
        errors.append(IntegrityProblem(file: file, finding: finding, remedy: remedy))
    }

    mutating func unreadable(_ path: String, _ failure: VolumeError) {
        errors.append(IntegrityProblem(file: path, finding: failure.description, remedy: ""))
    }

    mutating func missingLabels() {
        error(
            rawCase.identifier, "the case has no label file in labelsTr",
            "add one, or take the case's images out of imagesTr")
    }

    /// Checks what was read.
    mutating func inspect(images: [Image], labels: LabelImage?) {
        guard let first = images.first, let firstPath = rawCase.imagePaths.first else {
            error(rawCase.identifier, "the case has no image", "add one image per channel")
            return
        }
        let channels = images.reduce(0) { $0 + $1.voxels.shape[0] }
        if channels != channelCount {
            let files = rawCase.imagePaths.map(Self.fileName).joined(separator: ", ")
            error(
                rawCase.identifier,
                "it has \(channels) channel\(channels == 1 ? "" : "s") (\(files)), dataset.json names \(channelCount)",
                "give one file per channel, CASE_0000 … CASE_\(Self.fourDigits(channelCount - 1)), or correct "
                    + "channel_names"
            )
        }
        let shape = Array(first.voxels.shape.dropFirst())
        for (image, path) in zip(images, rawCase.imagePaths).dropFirst() {
            compare(
                path, Array(image.voxels.shape.dropFirst()), image.geometry, with: firstPath, shape, first.geometry)
        }
        for (image, path) in zip(images, rawCase.imagePaths) { inspectVoxels(of: image, path: path) }
        if let labels, let path = rawCase.labelPath {
            compare(path, labels.labels.shape, labels.geometry, with: firstPath, shape, first.geometry)
            inspectLabels(labels.labels, path: path)
        }
    }

    private mutating func compare(
        _ path: String, _ shape: [Int], _ geometry: Geometry, with firstPath: String, _ firstShape: [Int],
        _ firstGeometry: Geometry
    ) {
        if shape != firstShape {
            error(
                path, "its shape is \(shape), that of \(Self.fileName(firstPath)) is \(firstShape) (D, H, W)",
                "bring both onto one grid")
        }
        if !Self.isClose(geometry.spacing, firstGeometry.spacing) {
            error(
                path,
                "its spacing is \(geometry.spacing), that of \(Self.fileName(firstPath)) is \(firstGeometry.spacing) "
                    + "mm (D, H, W)",
                "bring both onto one grid, or correct the header that is wrong")
        } else if !Self.isClose(firstGeometry.origin, geometry.origin)
            || !Self.isClose(firstGeometry.direction, geometry.direction)
        {
            warnings.append(
                IntegrityProblem(
                    file: path, finding: "its origin or direction differs from that of \(Self.fileName(firstPath))",
                    remedy: "if both show the same voxels, this does no harm"))
        }
    }

    /// NumPy's `allclose`, by which nnU-Net compares grids.
    private static func isClose(_ left: [Double], _ right: [Double]) -> Bool {
        zip(left, right).allSatisfy { abs($0 - $1) <= 1e-8 + 1e-5 * abs($1) }
    }

    private mutating func inspectVoxels(of image: Image, path: String) {
        var (count, first) = (0, 0)
        image.voxels.scalars.withUnsafeBufferPointer { voxels in
            for index in voxels.indices where !voxels[index].isFinite {
                if count == 0 { first = index }
                count += 1
            }
        }
        guard count > 0 else { return }
        let place = Self.place(first, in: image.voxels.shape)
        let value = image.voxels.scalars[first].isNaN ? "NaN" : "infinite"
        error(
            path, "voxel \(place) is \(value)\(Self.more(count))", "replace such voxels by a number, for example 0")
    }

    private mutating func inspectLabels(_ labels: Tensor<Int32>, path: String) {
        var found: [Int32: (count: Int, first: Int)] = [:]
        labels.scalars.withUnsafeBufferPointer { values in
            var index = 0
            while index < values.count {
                // Labels come in runs; one look-up per run.
                let value = values[index]
                let start = index
                repeat { index += 1 } while index < values.count && values[index] == value
                found[value, default: (0, start)].count += index - start
            }
        }
        for (value, (count, first)) in found.sorted(by: { $0.key < $1.key }) {
            if let declaredLabels, declaredLabels.contains(Int(value)) { continue }
            if declaredLabels == nil, (0...32767).contains(value) { continue }
            let declared = declaredLabels.map { $0.sorted().map(String.init).joined(separator: ", ") } ?? "0 to 32767"
            error(
                path,
                "voxel \(Self.place(first, in: labels.shape)) has the label \(value)\(Self.more(count)), which is "
                    + "not among the declared ones (\(declared))",
                "declare it under \"labels\" in dataset.json, or correct the label map")
        }
    }

    private static func more(_ count: Int) -> String { count == 1 ? "" : ", as are \(count - 1) more voxels" }

    private static func place(_ index: Int, in shape: [Int]) -> [Int] {
        var rest = index
        var place: [Int] = []
        for extent in shape.reversed() {
            place.insert(rest % extent, at: 0)
            rest /= extent
        }
        return place
    }

    private static func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static func fourDigits(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 4 - String(number).count)) + String(number)
    }
}
