import Documents
import Training

/// Hands the events of one fold's run to its log, its progress file, its picture and the display.
///
/// Nothing is written before the run has started, so a start that is refused leaves the folder as it was. A report that
/// cannot be written does not end the run: it is named as a warning, once until it can be written again.
public final class RunReporter: TrainingObserver {
    private let folder: String
    private let clock: ReportClock
    private let log: TrainingLogFile
    private let display: RunDisplay
    private var progress: ProgressFile?
    private var plot: ProgressPlotFile?
    private var records: [EpochRecord] = []
    private var validationDice: Double?
    private var epochCount = 0
    /// The start was accepted.
    private var hasStarted = false
    /// Events that the log does not have yet, because the run has not started.
    private var held: [TrainingEvent] = []
    /// Files that could not be written the last time.
    private var failing: Set<String> = []

    /// Writes nothing yet.
    ///
    /// - Parameters:
    ///   - folder: that of the fold; it has to exist when the run starts.
    ///   - foldLabel: the fold's name where several folds run in one job; nil for a single one.
    ///   - showsStageTable: false where another fold's reporter shows the same table.
    ///   - output: what the user sees; by default standard output, with a live line if that is a terminal.
    public init(
        folder: String, foldLabel: String? = nil, showsStageTable: Bool = true,
        output: RunDisplay.Output = .standard, clock: ReportClock = .system
    ) {
        self.folder = folder
        self.clock = clock
        log = TrainingLogFile(folder: folder, clock: clock)
        display = RunDisplay(foldLabel: foldLabel, showsStageTable: showsStageTable, output: output, clock: clock)
    }

    /// Path of the log; nil before the run has started.
    public var logPath: String? { log.path }

    public func receive(_ event: TrainingEvent) {
        // Files before the display, which says nothing any more once the run has finished.
        attempt("the training log") { () throws(FileError) in try record(event) }
        switch event {
        case .started(let run): start(run)
        case .epochEnded(let record, _):
            attempt(ProgressFile.name) { () throws(FileError) in try progress?.append(record) }
            records.removeAll { $0.epoch >= record.epoch }
            records.append(record)
            updatePlot(isForced: record.epoch + 1 == epochCount)
        case .validated(let summary, _):
            validationDice = summary.foregroundMeanDice
            updatePlot(isForced: true)
        case .note, .warning, .stageStarted, .epochStarted, .iterationEnded, .checkpointSaved, .caseValidated,
            .finished:
            break
        }
        display.receive(event)
    }

    /// Writes why a run ends before its time into the log, if it has started, and ends the live line; the caller shows
    /// the error.
    public func fail(_ reason: String) {
        if hasStarted { attempt("the training log") { () throws(FileError) in try log.fail(reason) } }
        display.close()
    }

    private func record(_ event: TrainingEvent) throws(FileError) {
        if case .started = event { hasStarted = true }
        held.append(event)
        while hasStarted, !held.isEmpty { try log.receive(held.removeFirst()) }
    }

    private func start(_ run: RunDescription) {
        epochCount = run.schedule.epochs
        let progress = ProgressFile(
            folder: folder, firstEpoch: run.firstIteration / run.schedule.iterationsPerEpoch)
        self.progress = progress
        attempt(ProgressFile.name) { () throws(FileError) in try progress.prepare() }
        records = progress.records
        if !progress.missingEpochs.isEmpty {
            warn(
                "\(progress.path) lacks \(progress.missingEpochs.count) of the epochs done before, the first of them "
                    + "\(progress.missingEpochs[0])")
        }
        plot = ProgressPlotFile(run: run, clock: clock)
    }

    private func updatePlot(isForced: Bool) {
        attempt(ProgressPlotFile.name) { () throws(FileError) in
            try plot?.update(records, validationDice: validationDice, isForced: isForced)
        }
    }

    private func attempt(_ report: String, _ body: () throws(FileError) -> Void) {
        do throws(FileError) {
            try body()
            failing.remove(report)
        } catch {
            guard failing.insert(report).inserted else { return }
            warn("\(report) is not up to date (\(error)); the training goes on")
        }
    }

    private func warn(_ text: String) {
        // Where the log itself is what fails, the display has it.
        do throws(FileError) { try log.receive(.warning(text)) } catch { failing.insert("the training log") }
        display.receive(.warning(text))
    }
}
