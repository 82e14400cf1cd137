import Curriculum
import Reporting
import Testing
import Training

@Suite struct RunDisplayTests {
    private static let erase = "\r\u{1B}[2K"

    @Test("Without a terminal there is a line per epoch, and one every 30 s while an epoch is long")
    func plainLines() throws {
        let schedule = try SampleRun.schedule(epochs: 180)
        let (time, screen) = (HandClock(), Screen())
        let display = RunDisplay(output: screen.output(columnCount: nil), clock: time.clock)
        display.receive(.started(SampleRun.description(schedule)))
        #expect(screen.take().hasSuffix(" of the voxels that cps shows.\n\n"))
        display.receive(.stageStarted(schedule.stages[0], stageCount: 15))
        #expect(screen.take() == "stage 1 of 15: patch 8×8×8, batch 1575, epochs 0–11\n")
        display.receive(.epochStarted(epoch: 0, learningRate: 0.01))
        for iteration in 0..<10 {
            time.advance(7)
            display.receive(.iterationEnded(SampleRun.iteration(iteration, of: schedule, seconds: 7)))
        }
        let lines = screen.take().split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines.first?.hasPrefix(
                "epoch   0/179  iteration 5/10  stage 1 of 15  8×8×8  batch 1575  loss -0.5000  7.0 s  3 h 2")
                == true)
        #expect(lines.first?.hasSuffix(" left") == true)
        display.receive(.epochEnded(SampleRun.record(0), isBest: true))
        #expect(
            screen.take().hasPrefix(
                "epoch   0/179  train_loss -0.5124  val_loss -0.5000  pseudo Dice 0.8123  EMA 0.8000 (best)  12.3 s "
                    + "(4.1 % of it waiting for patches)  3 h 2"))
    }

    @Test("On a terminal a live line is redrawn at most ten times a second, below the lines that stay")
    func liveLine() throws {
        let schedule = try SampleRun.schedule(iterationsPerEpoch: 100)
        let (time, screen) = (HandClock(), Screen())
        let display = RunDisplay(output: screen.output(columnCount: 200), clock: time.clock)
        display.receive(.started(SampleRun.description(schedule)))
        _ = screen.take()
        for iteration in 0..<99 {
            time.advance(0.025)
            display.receive(.iterationEnded(SampleRun.iteration(iteration, of: schedule, seconds: 0.025)))
        }
        let drawn = screen.take()
        #expect(!drawn.contains("\n"))
        #expect((20...25).contains(drawn.components(separatedBy: Self.erase).count - 1))
        #expect(
            drawn.hasPrefix(
                Self.erase
                    + "stage 1 of 15  8×8×8  batch 1575  epoch 0/17  iteration 4/100  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  loss -0.5000  "
                    + "0.025 s  44 s left"))
        display.receive(.iterationEnded(SampleRun.iteration(99, of: schedule, seconds: 0.025)))
        #expect(screen.take().contains("iteration 100/100  ━━━━━━━━━━━━━━━━  loss -0.5000  validating  "))
        display.receive(.warning("look here"))
        #expect(screen.take() == Self.erase + "warning: look here\n")
        display.receive(.note("plain"))
        #expect(screen.take() == "plain\n")
    }

    @Test("The live line never reaches the terminal's edge; what matters most stays", arguments: [1, 10, 40, 80, 120])
    func narrowTerminal(columnCount: Int) throws {
        let schedule = try SampleRun.schedule()
        let (time, screen) = (HandClock(), Screen())
        let display = RunDisplay(output: screen.output(columnCount: columnCount), clock: time.clock)
        display.receive(.started(SampleRun.description(schedule)))
        _ = screen.take()
        time.advance(1)
        display.receive(.iterationEnded(SampleRun.iteration(0, of: schedule, seconds: 1)))
        let line = screen.take().dropFirst(Self.erase.count)
        #expect(line.count < columnCount)
        #expect(columnCount < 40 || (line.contains("iteration 1/10") && line.hasSuffix(" left")))
    }

    @Test("With several folds every line names its fold, and there is no live line")
    func severalFolds() throws {
        let schedule = try SampleRun.schedule()
        let (time, screen) = (HandClock(), Screen())
        let display = RunDisplay(
            foldLabel: "3", showsStageTable: false, output: screen.output(columnCount: 100), clock: time.clock)
        display.receive(.started(SampleRun.description(schedule)))
        time.advance(31)
        display.receive(.iterationEnded(SampleRun.iteration(0, of: schedule)))
        let lines = screen.take().split(separator: "\n")
        #expect(lines.count == 7)
        #expect(lines.allSatisfy { $0.hasPrefix("fold 3: ") })
        #expect(!lines.joined().contains("\u{1B}"))
    }

    @Test("Nothing is written once the run has finished")
    func finished() throws {
        let schedule = try SampleRun.schedule()
        let (time, screen) = (HandClock(), Screen())
        let display = RunDisplay(output: screen.output(columnCount: 100), clock: time.clock)
        display.receive(.iterationEnded(SampleRun.iteration(0, of: schedule)))
        _ = screen.take()
        display.receive(.finished(weightsSHA256: "ab12"))
        #expect(screen.take() == Self.erase)
        time.advance(100)
        display.receive(.warning("late"))
        display.receive(.iterationEnded(SampleRun.iteration(1, of: schedule)))
        display.close()
        #expect(screen.take() == "")
    }

    @Test("A run that ends in an error leaves its live line and goes to the next")
    func closed() throws {
        let screen = Screen()
        let schedule = try SampleRun.schedule()
        do {
            let display = RunDisplay(output: screen.output(columnCount: 100), clock: HandClock().clock)
            display.receive(.iterationEnded(SampleRun.iteration(0, of: schedule)))
            withExtendedLifetime(display) {}
        }
        #expect(screen.text.hasSuffix(" left\n") || screen.text.hasSuffix("s\n"))
    }

    @Test("An epoch without validation shows neither validation loss nor Dice")
    func withoutValidation() {
        let screen = Screen()
        let display = RunDisplay(output: screen.output(columnCount: nil), clock: HandClock().clock)
        display.receive(
            .epochEnded(
                SampleRun.record(0, validationLoss: .nan, pseudoDice: [.nan], ema: .nan, seconds: 0.25, wait: 0),
                isBest: false))
        #expect(screen.text == "epoch 0/0  train_loss -0.5124  0.250 s\n")
    }
}
