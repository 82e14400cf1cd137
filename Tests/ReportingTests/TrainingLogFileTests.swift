import Curriculum
import Documents
import Evaluation
import Reporting
import TestSupport
import Testing
import Training

@Suite struct TrainingLogFileTests {
    private static let stamp = "2026-03-07 09:05:02.000123: "

    /// The text of the log after these events.
    private func log(_ events: [TrainingEvent]) throws -> String {
        try TestFiles.withTemporaryFolder { folder in
            let log = TrainingLogFile(folder: folder, clock: HandClock().clock)
            for event in events { try log.receive(event) }
            #expect(log.path == folder + "/training_log_2026_3_7_09_05_02.txt")
            return String(decoding: try FileAccess.read(try #require(log.path)), as: UTF8.self)
        }
    }

    @Test(
        "Events become the lines that nnU-Net's users and scripts know",
        arguments: [
            (TrainingEvent.note("asked to stop"), ["asked to stop"]),
            (.warning("two\nlines"), ["WARNING: two", "lines"]),
            (.epochStarted(epoch: 0, learningRate: 0.01), ["", "Epoch 0", "Current learning rate: 0.01"]),
            (
                .epochStarted(epoch: 500, learningRate: 0.0053588673126814655),
                ["", "Epoch 500", "Current learning rate: 0.0053589"]
            ),
            (
                .epochStarted(epoch: 999, learningRate: 1.9952623149688797e-05),
                ["", "Epoch 999", "Current learning rate: 1.9953e-05"]
            ),
            (
                .checkpointSaved(path: "fold_0/checkpoint_best.h5", reason: "best pseudo Dice"),
                ["Saved fold_0/checkpoint_best.h5: best pseudo Dice"]
            ),
            (
                .caseValidated(done: 3, total: 52, identifier: "hippocampus_017"),
                ["predicted hippocampus_017 (3 of 52)"]
            ),
            (
                .epochEnded(SampleRun.record(3), isBest: false),
                [
                    "train_loss -0.5124", "val_loss -0.5", "Pseudo dice [0.8123, nan]", "EMA pseudo Dice 0.8",
                    "Shown: 8048640 voxels, foreground in 51.2 % of the patches, 1.99 classes per iteration",
                    "Data wait: 0.5 s (4.1 %)", "Epoch time: 12.35 s",
                ]
            ),
        ])
    func lines(event: TrainingEvent, lines: [String]) throws {
        #expect(try log([event]) == lines.map { Self.stamp + $0 + "\n" }.joined())
    }

    @Test("An epoch with the best EMA so far says so in a plain last line")
    func best() throws {
        let text = try log([.epochEnded(SampleRun.record(3), isBest: true)])
        #expect(text.hasSuffix(Self.stamp + "New best EMA pseudo Dice: 0.8\n"))
        #expect(!text.contains("Yayy"))
    }

    @Test("The head has the run, the stage table and the configuration; every line has its time")
    func head() throws {
        let schedule = try SampleRun.schedule()
        let text = try log([.started(SampleRun.description(schedule, firstIteration: 14))])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.allSatisfy { $0.hasPrefix(Self.stamp) })
        let content = lines.map { String($0.dropFirst(Self.stamp.count)) }
        #expect(
            Array(content.prefix(7)) == [
                "Dataset004_Hippocampus, 3d_fullres, nnUNetPlans, scheme pgps-performance, fold 0",
                "Folder: /results/fold_0", "Cases: 208 for training, 52 for validation",
                "Network: 5 602 019 parameters, plan's patch 40×56×40, plan's batch 9",
                "Machine: 2 ranks, 1 thread per rank, oneDNN 2.6.3, AVX-512, fp32", "Seed: 1",
                "Continues after 14 of 180 iterations, in epoch 1.",
            ])
        #expect(content.contains { $0.hasPrefix("    1         8×8×8    1575") })
        #expect(Array(content.suffix(3)) == ["Resolved configuration:", "    dataset: \"4\"", "    seed: 1"])
    }

    @Test("A log that continues inside an epoch names the epoch at its first iteration")
    func continued() throws {
        let schedule = try SampleRun.schedule()
        let text = try log([
            .iterationEnded(SampleRun.iteration(14, of: schedule)),
            .iterationEnded(SampleRun.iteration(15, of: schedule)),
        ])
        #expect(text == ["", "Epoch 1", "continued at its iteration 4 of 10"].map { Self.stamp + $0 + "\n" }.joined())
    }

    @Test("Stages, validation, end and failure have their lines")
    func others() throws {
        let schedule = try SampleRun.schedule()
        let summary = EvaluationSummary(
            targets: [.label(1), .region([1, 2])],
            cases: [
                CaseEvaluation(
                    referenceFile: "r", predictionFile: "p",
                    counts: [
                        ClassCounts(truePositives: 8, falsePositives: 2, falseNegatives: 2, trueNegatives: 10),
                        ClassCounts(truePositives: 6, falsePositives: 4, falseNegatives: 4, trueNegatives: 8),
                    ])
            ])
        let text = try log([
            .stageStarted(schedule.stages[1], stageCount: 15), .validated(summary, folder: "fold_0/validation"),
            .finished(weightsSHA256: "ab12"),
        ])
        let expected = [
            "Stage 2 of 15: patch 16×8×8, batch 787, epoch 1", "Validation complete",
            "Predictions and summary.json: fold_0/validation", "Mean Dice of 1: 0.8", "Mean Dice of (1, 2): 0.6",
            "Mean Validation Dice: \(summary.foregroundMeanDice)", "Training done.", "weightsSHA256: ab12",
        ]
        #expect(text == expected.map { Self.stamp + $0 + "\n" }.joined())
    }

    @Test("Lines that cannot be written come with the next ones")
    func diskIsFull() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/training_log_2026_3_7_09_05_02.txt"
            try Links.make(path, to: "/dev/full")
            let log = TrainingLogFile(folder: folder, clock: HandClock().clock)
            #expect(throws: FileError.self) { try log.receive(.note("one")) }
            #expect(throws: FileError.self) { try log.receive(.note("two")) }
            try Links.remove(path)
            try log.receive(.note("three"))
            #expect(
                String(decoding: try FileAccess.read(path), as: UTF8.self)
                    == ["one", "two", "three"].map { Self.stamp + $0 + "\n" }.joined())
        }
    }
}
