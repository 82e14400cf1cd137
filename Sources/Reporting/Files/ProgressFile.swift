import Documents
import Foundation
import Training

/// `progress.jsonl` in the folder of a fold: one JSON object per epoch, on the disk when ``append(_:)`` returns.
///
/// When a run continues from a checkpoint, the killed run may have left lines of epochs that will be done again, or
/// half a line. They are dropped first, so that the finished file has every epoch exactly once.
public final class ProgressFile {
    public static let name = "progress.jsonl"

    public let path: String
    /// The epochs in the file, as far as it could be read.
    public private(set) var records: [EpochRecord] = []
    /// Epochs before the first of this run that the file does not have.
    public private(set) var missingEpochs: [Int] = []
    private let firstEpoch: Int
    private var isPrepared = false
    private var file: AppendedFile?
    /// Records that could not be written yet.
    private var pending: [EpochRecord] = []

    /// Reads and writes nothing yet.
    ///
    /// - Parameter firstEpoch: the epoch in which this run starts or continues; the file's lines from there on are old.
    public init(folder: String, firstEpoch: Int) {
        path = folder + "/" + Self.name
        self.firstEpoch = firstEpoch
    }

    /// Drops the old lines. Done by ``append(_:)`` where it has not been done.
    public func prepare() throws(FileError) {
        guard !isPrepared else { return }
        let kept = try keep(before: firstEpoch)
        missingEpochs = (0..<firstEpoch).filter { !kept.contains($0) }
        isPrepared = true
    }

    /// Adds the line of an epoch. A record that cannot be written now is written with the next one.
    public func append(_ record: EpochRecord) throws(FileError) {
        pending.removeAll { $0.epoch >= record.epoch }
        pending.append(record)
        try prepare()
        if let last = records.last, last.epoch >= pending[0].epoch {
            file = nil
            _ = try keep(before: pending[0].epoch)
        }
        do throws(FileError) {
            let file = if let file { file } else { try AppendedFile(path) }
            self.file = file
            try file.append(pending.map { $0.json.text() + "\n" }.joined(), isDurable: true)
        } catch {
            file = nil
            throw error
        }
        records += pending
        pending = []
    }

    /// Rewrites the file with the whole lines of the epochs before `epoch`, in their order; leaves it alone where that
    /// changes nothing.
    ///
    /// - Returns: the epochs that are in the file now.
    private func keep(before epoch: Int) throws(FileError) -> Set<Int> {
        guard FileAccess.exists(path) else {
            records = []
            return []
        }
        let bytes = try FileAccess.read(path)
        var lines: [Int: (text: ArraySlice<UInt8>, record: EpochRecord?)] = [:]
        for text in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let json = try? JSONValue(parsing: text), let number = json["epoch"]?.integer, number >= 0,
                number < epoch
            else { continue }
            lines[number] = (text, EpochRecord(json: json))
        }
        let kept = lines.sorted { $0.key < $1.key }.map(\.value)
        let content = kept.flatMap { $0.text + [UInt8(ascii: "\n")] }
        if content != bytes { try FileAccess.replace(path, with: content) }
        records = kept.compactMap(\.record)
        return Set(lines.keys)
    }
}
