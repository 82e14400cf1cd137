import Documents
import Training

/// `training_log_YYYY_M_D_HH_MM_SS.txt` in the folder of a fold, for people and for scripts that read nnU-Net's logs.
///
/// Every line starts with `YYYY-MM-DD HH:MM:SS.ffffff: ` and is in the file at once. A run that continues starts a new
/// file, as in nnU-Net.
public final class TrainingLogFile {
    private let folder: String
    private let clock: ReportClock
    private var file: AppendedFile?
    /// Lines that could not be written yet.
    private var pending = ""
    /// The epoch whose number stands in the log.
    private var announcedEpoch: Int?

    /// Reads and writes nothing yet; the name comes from the time of the first event.
    public init(folder: String, clock: ReportClock = .system) {
        self.folder = folder
        self.clock = clock
    }

    /// Path of the log; nil before the first line.
    public private(set) var path: String?

    /// Writes the lines of an event. Lines that cannot be written now are written with the next ones.
    public func receive(_ event: TrainingEvent) throws(FileError) {
        var lines = TrainingLogLines.lines(for: event)
        switch event {
        case .epochStarted(let epoch, _): announcedEpoch = epoch
        case .iterationEnded(let record) where announcedEpoch != record.epoch:
            announcedEpoch = record.epoch
            lines = TrainingLogLines.continued(record)
        default: break
        }
        try append(lines)
    }

    /// Writes why the run ends before its time.
    public func fail(_ reason: String) throws(FileError) { try append(TrainingLogLines.failure(reason)) }

    private func append(_ lines: [String]) throws(FileError) {
        guard !lines.isEmpty || !pending.isEmpty else { return }
        let now = clock.localTime()
        pending += lines.map { "\(now.text): \($0)\n" }.joined()
        do throws(FileError) {
            let path = path ?? "\(folder)/training_log_\(now.fileNamePart).txt"
            let file = if let file { file } else { try AppendedFile(path) }
            self.file = file
            self.path = path
            try file.append(pending, isDurable: false)
        } catch {
            file = nil
            throw error
        }
        pending = ""
    }
}
