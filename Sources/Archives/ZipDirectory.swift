/// The directory at the end of a zip archive, checked against the file.
struct ZipDirectory {
    /// Bytes of a local header, a directory entry, the last record and the two of ZIP64 before it, without what varies.
    static let localHeaderCount = 30
    private static let entryCount = 46
    private static let endCount = 22
    private static let locatorCount = 20
    private static let longEndCount = 56

    /// In the order of the directory.
    private(set) var entries: [ZipReader.Entry] = []
    private let path: String

    init(_ file: ArchiveFile) throws(ArchiveError) {
        path = file.path
        let (range, count) = try Self.locate(file)
        let bytes = try file.bytes(at: range.lowerBound, count: range.count)
        // A count that the directory has no room for is found out before anything is made of it.
        guard count <= bytes.count / Self.entryCount else {
            throw problem("its directory has no room for \(count) entries")
        }
        entries.reserveCapacity(count)
        var place = 0
        for _ in 0..<count { entries.append(try entry(bytes, &place, directoryStart: range.lowerBound)) }
        try setLimits(directoryStart: range.lowerBound)
    }

    /// Where the directory lies and how many entries it has.
    private static func locate(_ file: ArchiveFile) throws(ArchiveError) -> (range: Range<Int>, count: Int) {
        func problem(_ text: String) -> ArchiveError { .zip(path: file.path, problem: text) }
        let tailCount = min(file.byteCount, endCount + Int(UInt16.max))
        let tail = try file.bytes(at: file.byteCount - tailCount, count: tailCount)
        guard tailCount >= endCount,
            let last = stride(from: tailCount - endCount, through: 0, by: -1).first(where: {
                tail.number($0, 4) == 0x0605_4B50 && $0 + endCount + tail.number($0 + 20, 2) == tailCount
            })
        else { throw problem("there is no directory at its end, so it is incomplete or something else") }
        var end = file.byteCount - tailCount + last
        var count = tail.number(last + 10, 2)
        var size = tail.number(last + 12, 4)
        var start = tail.number(last + 16, 4)
        if last >= locatorCount, tail.number(last - locatorCount, 4) == 0x0706_4B50 {
            guard let place = tail.long(last - locatorCount + 8), place <= end - locatorCount - longEndCount else {
                throw problem("its ZIP64 record does not lie in the file")
            }
            let record = try file.bytes(at: place, count: longEndCount)
            guard record.number(0, 4) == 0x0606_4B50, let longCount = record.long(32), let longSize = record.long(40),
                let longStart = record.long(48)
            else { throw problem("its ZIP64 record makes no sense") }
            (end, count, size, start) = (place, longCount, longSize, longStart)
        }
        guard start <= end, size <= end - start else { throw problem("its directory does not lie in the file") }
        return (start..<start + size, count)
    }

    private func problem(_ text: String) -> ArchiveError { .zip(path: path, problem: text) }

    private func entry(
        _ bytes: [UInt8], _ place: inout Int, directoryStart: Int
    ) throws(ArchiveError) -> ZipReader.Entry {
        guard place + Self.entryCount <= bytes.count, bytes.number(place, 4) == 0x0201_4B50 else {
            throw problem("its directory ends after \(entries.count) entries, or is damaged there")
        }
        let nameStart = place + Self.entryCount
        let extraStart = nameStart + bytes.number(place + 28, 2)
        let extraEnd = extraStart + bytes.number(place + 30, 2)
        let end = extraEnd + bytes.number(place + 32, 2)
        guard end <= bytes.count, let name = String(validating: bytes[nameStart..<extraStart], as: UTF8.self) else {
            throw problem("the name of entry \(entries.count + 1) cannot be read")
        }
        // Uncompressed size, compressed size, offset: where one does not fit, the extra field has it.
        var numbers = [24, 20, 42].map { bytes.number(place + $0, 4) }
        var long = Self.longNumbers(bytes, extraStart..<extraEnd)
        for index in numbers.indices where numbers[index] == Int(UInt32.max) {
            guard let place = long.popFirst().map({ bytes.long($0) }), let value = place else {
                throw problem("the sizes of \"\(name)\" cannot be read")
            }
            numbers[index] = value
        }
        let method = bytes.number(place + 10, 2)
        guard method == 0 || method == 8, bytes.number(place + 8, 2) & 1 == 0 else {
            throw problem("\"\(name)\" is encrypted or compressed with method \(method), and 0 and 8 are known")
        }
        let (count, storedCount, offset) = (numbers[0], numbers[1], numbers[2])
        guard offset <= directoryStart, storedCount <= directoryStart - offset, method == 8 || count == storedCount
        else { throw problem("the place of \"\(name)\" does not lie in the file") }
        defer { place = end }
        return ZipReader.Entry(
            name: name, count: count, storedCount: storedCount, isCompressed: method == 8,
            isSymbolicLink: bytes.number(place + 40, 2) & 0o170000 == 0o120000,
            checksum: UInt32(bytes.number(place + 16, 4)), offset: offset, limit: directoryStart)
    }

    /// The places of the 64-bit numbers in an entry's extra field.
    private static func longNumbers(_ bytes: [UInt8], _ extra: Range<Int>) -> ArraySlice<Int> {
        var place = extra.lowerBound
        while place + 4 <= extra.upperBound {
            let count = bytes.number(place + 2, 2)
            guard place + 4 + count <= extra.upperBound else { break }
            if bytes.number(place, 2) == 1 { return ArraySlice((0..<count / 8).map { place + 4 + 8 * $0 }) }
            place += 4 + count
        }
        return []
    }

    /// Every entry ends where the next one begins.
    private mutating func setLimits(directoryStart: Int) throws(ArchiveError) {
        let order = entries.indices.sorted { entries[$0].offset < entries[$1].offset }
        for (index, next) in zip(order, order.dropFirst()) { entries[index].limit = entries[next].offset }
        for entry in entries where entry.offset + Self.localHeaderCount + entry.storedCount > entry.limit {
            throw problem("\"\(entry.name)\" reaches into what follows it")
        }
    }
}

extension [UInt8] {
    /// The little-endian number of up to 7 bytes at a place inside the array.
    func number(_ place: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(self[place + $1]) << (8 * $1) }
    }

    /// The little-endian number of 8 bytes at a place inside the array; nil above 2^63 - 1.
    func long(_ place: Int) -> Int? {
        let value = (0..<8).reduce(UInt64(0)) { $0 | UInt64(self[place + $1]) << (8 * UInt64($1)) }
        return Int(exactly: value)
    }
}
