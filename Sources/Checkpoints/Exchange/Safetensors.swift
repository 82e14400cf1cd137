import Archives
import Documents
import Networks
import Tensors

/// Files of tensors with a JSON header: 8 bytes of its length, the header, then the elements.
///
/// Standard: the safetensors format. Element types F64, F32, F16, BF16 (and integers, which are no weights) are read, F32
/// is written. The tensors fill the file: no gaps, no overlaps.
public struct Safetensors {
    public let weights: WeightsFile
    /// The header's `__metadata__`.
    public let metadata: JSONObject

    /// Longer headers belong to no model.
    private static let longestHeader = 1 << 24

    /// Opens a file and checks its header against its size; no elements are read yet.
    ///
    /// - Throws: ``CheckpointError``.
    public init(contentsOf path: String) throws(CheckpointError) {
        do throws(CheckpointError) {
            let file = try Self.calling { () throws(ArchiveError) in try ArchiveFile(path: path) }
            let header = try Self.header(of: file)
            let dataStart = 8 + header.byteCount
            var tensors: [(name: String, tensor: FileTensor)] = []
            var ranges: [Range<Int>] = []
            for (name, entry) in header.json.members where name != "__metadata__" {
                let (shape, type, range) = try Self.tensor(name, entry, dataCount: file.byteCount - dataStart)
                tensors.append(
                    (
                        name,
                        try FileTensor(
                            shape: shape, strides: FileTensor.contiguousStrides(shape), offset: 0, elementType: type,
                            storage: ranges.count, storageCount: range.count / type.byteCount)
                    ))
                ranges.append(range)
            }
            try Self.checkFilling(ranges, dataCount: file.byteCount - dataStart)
            metadata = header.json["__metadata__"]?.object ?? [:]
            weights = try WeightsFile(path: path, byteCount: file.byteCount, tensors: tensors) {
                (storage) throws(CheckpointError) in
                let range = ranges[storage]
                return try Self.calling { () throws(ArchiveError) in
                    try file.bytes(at: dataStart + range.lowerBound, count: range.count)
                }
            }
        } catch { throw error.at(path) }
    }

    private static func calling<Result>(
        _ body: () throws(ArchiveError) -> Result
    ) throws(CheckpointError) -> Result {
        do throws(ArchiveError) { return try body() } catch {
            guard case .fileSystem(_, _, let reason) = error else {
                throw .unreadable("it became shorter while it was read")
            }
            throw CheckpointError(.refused(action: "read", reason: reason))
        }
    }

    private static func header(
        of file: ArchiveFile
    ) throws(CheckpointError) -> (json: JSONObject, byteCount: Int) {
        guard file.byteCount >= 8 else {
            throw .unreadable("it has \(file.byteCount) bytes, and a safetensors file has at least 8")
        }
        let start = try calling { () throws(ArchiveError) in try file.bytes(at: 0, count: 8) }
        let word = start.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let count = Int(exactly: word), count <= file.byteCount - 8, count <= longestHeader else {
            throw .unreadable(
                "its header should have \(word) bytes, more than the file or than a model needs; it is incomplete or no "
                    + "safetensors file")
        }
        let bytes = try calling { () throws(ArchiveError) in try file.bytes(at: 8, count: count) }
        let json: JSONValue
        do throws(JSONSyntaxError) { json = try JSONValue(parsing: bytes) } catch {
            throw .unreadable("its header is not JSON (\(error))")
        }
        guard let object = json.object else { throw .unreadable("its header is no JSON object") }
        return (object, count)
    }

    private static func tensor(
        _ name: String, _ entry: JSONValue, dataCount: Int
    ) throws(CheckpointError) -> (shape: [Int], type: ElementType, range: Range<Int>) {
        guard let type = entry["dtype"]?.string.flatMap({ ElementType(safetensors: $0) }) else {
            throw .unreadable("the type of \(name) is \(entry["dtype"]?.text() ?? "missing")")
        }
        guard let shape = entry["shape"]?.integers, shape.allSatisfy({ $0 >= 0 }),
            let offsets = entry["data_offsets"]?.integers, offsets.count == 2, offsets[0] >= 0,
            offsets[0] <= offsets[1], offsets[1] <= dataCount
        else { throw .unreadable("shape or place of \(name) do not lie in the file: \(entry.text())") }
        var byteCount = type.byteCount
        for size in shape {
            let (product, overflows) = byteCount.multipliedReportingOverflow(by: size)
            guard !overflows else { throw .unreadable("\(name) of shape \(shape) is too large") }
            byteCount = product
        }
        guard byteCount == offsets[1] - offsets[0] else {
            throw .unreadable("\(name) of shape \(shape) has \(offsets[1] - offsets[0]) bytes instead of \(byteCount)")
        }
        return (shape, type, offsets[0]..<offsets[1])
    }

    private static func checkFilling(_ ranges: [Range<Int>], dataCount: Int) throws(CheckpointError) {
        var end = 0
        for range in ranges.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            guard range.lowerBound == end else {
                throw .unreadable("its tensors \(range.lowerBound < end ? "overlap" : "leave a gap") at byte \(end)")
            }
            end = range.upperBound
        }
        guard end == dataCount else { throw .unreadable("\(dataCount - end) bytes follow its tensors") }
    }

    /// Writes the weights of a network, each parameter once, under its first name.
    ///
    /// - Throws: `FileError`; an old file of this name stays whole then.
    public static func write(
        _ layout: ParameterLayout, _ weights: AlignedBuffer<Float>, metadata: [(key: String, value: String)],
        to path: String
    ) throws(FileError) {
        precondition(
            weights.count == layout.scalarCount, "\(weights.count) weights for a layout of \(layout.scalarCount)")
        var header: JSONObject = [:]
        var texts: JSONObject = [:]
        for (key, value) in metadata { texts[key] = .string(value) }
        header["__metadata__"] = .object(texts)
        for entry in layout.entries {
            header[entry.name] = [
                "dtype": "F32", "shape": .integers(entry.shape),
                "data_offsets": .integers([entry.range.lowerBound * 4, entry.range.upperBound * 4]),
            ]
        }
        var text = Array(JSONValue.object(header).text().utf8)
        text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + text.count + weights.count * 4)
        withUnsafeBytes(of: UInt64(text.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes += text
        bytes.append(contentsOf: UnsafeRawBufferPointer(weights.elements))
        try FileAccess.replace(path, with: bytes)
    }
}
