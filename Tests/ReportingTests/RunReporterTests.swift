import Curriculum
import Documents
import Reporting
import TestSupport
import Testing
import Training

@Suite struct RunReporterTests {
    /// Sends a run of whole epochs.
    private func play(
        _ reporter: RunReporter, _ schedule: Schedule, folder: String, epochs: Range<Int>, time: HandClock
    ) {
        reporter.receive(
            .started(
                SampleRun.description(
                    schedule, folder: folder, firstIteration: epochs.lowerBound * schedule.iterationsPerEpoch)))
        for epoch in epochs {
            reporter.receive(.epochStarted(epoch: epoch, learningRate: 0.01))
            for iteration in 0..<schedule.iterationsPerEpoch {
                time.advance(0.25)
                reporter.receive(
                    .iterationEnded(SampleRun.iteration(epoch * schedule.iterationsPerEpoch + iteration, of: schedule)))
            }
            reporter.receive(.epochEnded(SampleRun.record(epoch), isBest: true))
        }
    }

    @Test("A killed run and the one that continues it leave one progress file, two logs and a picture")
    func killedAndContinued() throws {
        try TestFiles.withTemporaryFolder { folder in
            let schedule = try SampleRun.schedule()
            let (time, screen) = (HandClock(), Screen())
            do {
                let reporter = RunReporter(folder: folder, output: screen.output(columnCount: nil), clock: time.clock)
                play(reporter, schedule, folder: folder, epochs: 0..<5, time: time)
            }
            let reporter = RunReporter(folder: folder, output: screen.output(columnCount: nil), clock: time.clock)
            play(reporter, schedule, folder: folder, epochs: 3..<18, time: time)
            reporter.receive(.finished(weightsSHA256: "ab12"))
            let files = try FileAccess.list(folder)
            #expect(files.filter { $0.hasPrefix("training_log_") }.count == 2)
            #expect(files.filter { !$0.hasPrefix("training_log_") } == ["progress.jsonl", "progress.svg"])
            let lines = try FileAccess.read(folder + "/progress.jsonl").split(separator: UInt8(ascii: "\n"))
            #expect(try lines.map { try JSONValue(parsing: $0)["epoch"]?.integer } == Array(0..<18))
            let picture = String(decoding: try FileAccess.read(folder + "/progress.svg"), as: UTF8.self)
            #expect(picture.contains("18 of 18 epochs"))
            let log = String(decoding: try FileAccess.read(try #require(reporter.logPath)), as: UTF8.self)
            #expect(log.hasSuffix("weightsSHA256: ab12\n"))
            #expect(!screen.text.contains("weightsSHA256"))
            #expect(!screen.text.contains("warning"))
        }
    }

    @Test("Reports that cannot be written are named once each, and the run goes on")
    func noFolder() throws {
        let schedule = try SampleRun.schedule(epochs: 15)
        let screen = Screen()
        let reporter = RunReporter(
            folder: "/dev/null/fold_0", output: screen.output(columnCount: nil), clock: HandClock().clock)
        play(reporter, schedule, folder: "/dev/null/fold_0", epochs: 0..<15, time: HandClock())
        reporter.receive(.finished(weightsSHA256: "ab12"))
        let warnings = screen.text.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.count == 3, "\(warnings)")
        #expect(warnings.allSatisfy { $0.contains("/dev/null/fold_0/") && $0.contains("the training goes on") })
        #expect(screen.text.contains("epoch 14/14"))
    }

    @Test("A report that can be written again has everything, and a second failure is named again")
    func recovers() throws {
        try TestFiles.withTemporaryFolder { folder in
            let schedule = try SampleRun.schedule()
            let screen = Screen()
            let reporter = RunReporter(
                folder: folder, output: screen.output(columnCount: nil), clock: HandClock().clock)
            let path = folder + "/progress.jsonl"
            reporter.receive(.started(SampleRun.description(schedule, folder: folder)))
            try Links.make(path, to: "/dev/full")
            reporter.receive(.epochEnded(SampleRun.record(0), isBest: true))
            reporter.receive(.epochEnded(SampleRun.record(1), isBest: true))
            try Links.remove(path)
            reporter.receive(.epochEnded(SampleRun.record(2), isBest: true))
            #expect(try FileAccess.read(path).count { $0 == UInt8(ascii: "\n") } == 3)
            #expect(screen.text.components(separatedBy: "warning: progress.jsonl is not up to date").count == 2)
            let log = String(decoding: try FileAccess.read(try #require(reporter.logPath)), as: UTF8.self)
            #expect(
                log.contains(
                    "WARNING: progress.jsonl is not up to date (cannot write \(path): No space left on device)"))
        }
    }

    @Test("Epochs that the progress file lost are named")
    func missingEpochs() throws {
        try TestFiles.withTemporaryFolder { folder in
            let screen = Screen()
            let reporter = RunReporter(
                folder: folder, output: screen.output(columnCount: nil), clock: HandClock().clock)
            play(reporter, try SampleRun.schedule(), folder: folder, epochs: 3..<4, time: HandClock())
            #expect(
                screen.text.contains("\(folder)/progress.jsonl lacks 3 of the epochs done before, the first of them 0"))
        }
    }

    @Test("The reason of a run's early end stands in the log")
    func failure() throws {
        try TestFiles.withTemporaryFolder { folder in
            let screen = Screen()
            let reporter = RunReporter(
                folder: folder, output: screen.output(columnCount: nil), clock: HandClock().clock)
            reporter.receive(.started(SampleRun.description(try SampleRun.schedule(), folder: folder)))
            reporter.fail("the loss of iteration 7 is not finite")
            let log = String(decoding: try FileAccess.read(try #require(reporter.logPath)), as: UTF8.self)
            #expect(log.hasSuffix(": ERROR: the loss of iteration 7 is not finite\n"))
            #expect(!screen.text.contains("not finite"))
        }
    }

    @Test("A run that is refused before its start writes nothing; what came before the start is in the log after it")
    func refused() throws {
        try TestFiles.withTemporaryFolder { folder in
            let screen = Screen()
            let reporter = RunReporter(
                folder: folder, output: screen.output(columnCount: nil), clock: HandClock().clock)
            reporter.receive(.note("going on with 2 threads"))
            reporter.fail("the checkpoint belongs to another run")
            #expect(try FileAccess.list(folder) == [])
            #expect(reporter.logPath == nil && screen.text == "going on with 2 threads\n")

            reporter.receive(.started(SampleRun.description(try SampleRun.schedule(), folder: folder)))
            let log = String(decoding: try FileAccess.read(try #require(reporter.logPath)), as: UTF8.self)
            #expect(log.split(separator: "\n").first?.hasSuffix(": going on with 2 threads") == true)
            #expect(!log.contains("another run"))
        }
    }
}
