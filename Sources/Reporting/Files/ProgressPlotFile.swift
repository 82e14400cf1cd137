import Documents
import Training

/// `progress.svg` in the folder of a fold, kept up to date: at the end of an epoch, though not more often than every
/// ten seconds, and at the end of the run. At any moment the file is a whole picture.
public final class ProgressPlotFile {
    public static let name = "progress.svg"
    private static let pauseSeconds = 10.0

    private let path: String
    private let plot: ProgressPlot
    private let clock: ReportClock
    private var drawn = -Double.infinity

    public init(run: RunDescription, clock: ReportClock = .system) {
        path = run.folder + "/" + Self.name
        plot = ProgressPlot(run: run)
        self.clock = clock
    }

    /// Draws the picture anew, if it is time or must be.
    public func update(
        _ records: [EpochRecord], validationDice: Double? = nil, isForced: Bool = false
    ) throws(FileError) {
        let now = clock.seconds()
        guard !records.isEmpty, isForced || now - drawn >= Self.pauseSeconds else { return }
        try FileAccess.replace(path, with: plot.svg(of: records, validationDice: validationDice))
        drawn = now
    }
}
