import Curriculum
import Evaluation
import Foundation
import Training

/// What the user sees of a run on standard output.
///
/// On a terminal, a live line that moves below the finished lines of the epochs; elsewhere plain lines, one per epoch
/// and, while an epoch is long, one about every 30 seconds, so that a job log never looks frozen. Nothing is written
/// once the run has finished: the last lines belong to the caller.
public final class RunDisplay {
    /// Where and how a display writes.
    public struct Output {
        /// Characters per line of the terminal now; nil where output is no terminal.
        public var columnCount: (() -> Int)?
        /// Writes a text and flushes it.
        public var write: (String) -> Void

        public init(columnCount: (() -> Int)?, write: @escaping (String) -> Void) {
            self.columnCount = columnCount
            self.write = write
        }

        /// Standard output of this process, with a live line when a person sees it on a terminal.
        public static var standard: Output {
            Output(
                columnCount: OutputTerminal.find().map { terminal in { terminal.columnCount } },
                write: { text in
                    print(text, terminator: "")
                    fflush(nil)
                })
        }
    }

    /// Shortest time between two drawings of the live line, and longest silence where there is none.
    private static let redrawSeconds = 0.1
    private static let silenceSeconds = 30.0

    private let output: Output
    private let prefix: String
    private let showsStageTable: Bool
    private let clock: ReportClock
    private var schedule: Schedule?
    private var timeLeft: TimeLeft?
    /// A live line stands on the terminal and has not been ended.
    private var isLive = false
    private var isFinished = false
    private var lastOutput = -Double.infinity

    /// - Parameters:
    ///   - foldLabel: where several folds run in one job, the name of this one; its lines start with `fold k: `, and
    ///     there is no live line, as several processes would draw it.
    ///   - showsStageTable: false leaves the table to the display of another fold.
    public init(
        foldLabel: String? = nil, showsStageTable: Bool = true, output: Output = .standard, clock: ReportClock = .system
    ) {
        self.output = foldLabel == nil ? output : Output(columnCount: nil, write: output.write)
        self.showsStageTable = showsStageTable
        self.clock = clock
        prefix = foldLabel.map { "fold \($0): " } ?? ""
    }

    deinit { close() }

    /// Ends a live line that still stands on the terminal; for runs that end in an error.
    public func close() {
        if isLive { output.write("\n") }
        isLive = false
        isFinished = true
    }

    public func receive(_ event: TrainingEvent) {
        guard !isFinished else { return }
        switch event {
        case .started(let run): start(run)
        case .note(let text): show([text])
        case .warning(let text): show(["warning: " + text])
        case .stageStarted(let stage, let stageCount):
            show(["stage \(stage.index + 1) of \(stageCount): \(StageText.summary(of: stage))"])
        case .epochStarted, .checkpointSaved: break
        case .iterationEnded(let record): iteration(record)
        case .epochEnded(let record, let isBest):
            timeLeft?.epochEnded(record.epoch, now: clock.seconds())
            show([
                EpochLine.text(
                    record, isBest: isBest, epochCount: schedule?.epochs ?? record.epoch + 1,
                    secondsLeft: timeLeft?.seconds)
            ])
        case .caseValidated(let done, let total, let identifier):
            showPassing { _ in "validation: \(done) of \(total) cases, \(identifier)" }
        case .validated(let summary, let folder): show(validation(summary, folder: folder))
        case .finished:
            if isLive { output.write("\r\u{1B}[2K") }
            isLive = false
            isFinished = true
        }
    }

    private func start(_ run: RunDescription) {
        schedule = run.schedule
        timeLeft = TimeLeft(schedule: run.schedule, firstIteration: run.firstIteration)
        var lines = RunHeader.lines(of: run)
        if showsStageTable { lines += [""] + StageTable.lines(of: run.schedule) + [""] }
        show(lines)
    }

    private func iteration(_ record: IterationRecord) {
        timeLeft?.iterationEnded(record, now: clock.seconds())
        let isLast = record.iterationInEpoch + 1 == record.iterationsPerEpoch
        let epochCount = schedule?.epochs ?? record.epoch + 1
        showPassing(isUrgent: isLast) { columnCount in
            guard let columnCount else {
                return EpochLine.text(record, epochCount: epochCount, secondsLeft: timeLeft?.seconds)
            }
            return LiveLine.text(
                record, epochCount: epochCount, secondsLeft: timeLeft?.seconds, columnCount: columnCount)
        }
    }

    private func validation(_ summary: EvaluationSummary, folder: String) -> [String] {
        let classes = zip(summary.targets, summary.meanDicePerTarget).map { target, dice in
            "\(target.key): \(ReportText.fixed(dice, decimals: 4))"
        }
        return [
            "validation: mean Dice \(ReportText.fixed(summary.foregroundMeanDice, decimals: 4)) "
                + "over \(summary.cases.count) cases (\(classes.joined(separator: ", "))), in \(folder)"
        ]
    }

    // MARK: - Writing

    /// Shows a state that the next one replaces, if it is time: in the live line, or as a line now and then.
    ///
    /// - Parameters:
    ///   - isUrgent: on a terminal, it is time in any case.
    ///   - text: makes the text for so many characters; nil where there is no terminal.
    private func showPassing(isUrgent: Bool = false, _ text: (_ columnCount: Int?) -> String) {
        let now = clock.seconds()
        guard let columnCount = output.columnCount else {
            if now - lastOutput >= Self.silenceSeconds { show([text(nil)]) }
            return
        }
        guard isUrgent || now - lastOutput >= Self.redrawSeconds else { return }
        // The last column stays free: some terminals break the line as soon as it is filled.
        let free = max(0, columnCount() - 1)
        output.write("\r\u{1B}[2K" + text(free).prefix(free))
        isLive = true
        lastOutput = now
    }

    /// Shows lines that stay.
    private func show(_ lines: [String]) {
        let block = lines.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) }
        output.write((isLive ? "\r\u{1B}[2K" : "") + block.map { prefix + $0 + "\n" }.joined())
        isLive = false
        lastOutput = clock.seconds()
    }
}
