import Foundation

/// Takes a zip archive apart for tests, by its directory at the end.
public enum ZipEntries {
    /// The entries of an archive of deflated files in order: name, and the content as a gzip file (RFC 1952), whose
    /// checksum and length are those that the archive states.
    public static func read(_ path: String) throws -> [(name: String, gzip: [UInt8])] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        // The fixed records at the end: 56 bytes (ZIP64), 20 (locator), 22.
        let end = bytes.count - 98
        guard end >= 0, number(end, 4) == 0x0606_4B50, number(bytes.count - 22, 4) == 0x0605_4B50 else {
            throw CocoaError(.fileReadCorruptFile)
        }
        var entries: [(name: String, gzip: [UInt8])] = []
        var place = number(end + 48, 8)
        for _ in 0..<number(end + 32, 8) {
            let nameCount = number(place + 28, 2)
            let extra = place + 46 + nameCount
            let (count, compressedCount, offset) = (number(extra + 4, 8), number(extra + 12, 8), number(extra + 20, 8))
            let start = offset + 30 + number(offset + 26, 2) + number(offset + 28, 2)
            let isLocalHeaderRight =
                number(offset, 4) == 0x0403_4B50 && number(offset + 14, 4) == number(place + 16, 4)
                && Array(bytes[offset + 30..<offset + 30 + nameCount]) == Array(bytes[place + 46..<extra])
            guard number(place, 4) == 0x0201_4B50, number(place + 10, 2) == 8, isLocalHeaderRight else {
                throw CocoaError(.fileReadCorruptFile)
            }
            var gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
            gzip += bytes[start..<start + compressedCount]
            gzip += bytes[place + 16..<place + 20]
            gzip += (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
            entries.append((String(decoding: bytes[place + 46..<extra], as: UTF8.self), gzip))
            place = extra + number(place + 30, 2)
        }
        return entries
    }
}
