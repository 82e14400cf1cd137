import Curriculum
import Datasets
import Patches
import Tensors
import Testing
import Threads

@Suite(.serialized) struct TrainingBatchesTests {
    struct Batch: Equatable {
        var images: [Float]
        var labels: [Int16]
        var statistics: BatchStatistics
    }

    private func batches(
        _ scheme: Scheme, patchSize: [Int] = [16, 16, 16], poolings: [Int] = [2, 2, 2], batchSize: Int = 2,
        caseCount: Int = 5, construction: BatchConstruction? = nil, maskedChannels: [Bool] = [false, true]
    ) throws -> TrainingBatches {
        let sources = (0..<caseCount).map {
            Phantoms.source("case \($0)", [14 + $0, 20, 17 + 2 * $0], channelCount: maskedChannels.count)
        }
        return try TrainingBatches(
            cases: CaseLibrary(sources), channelCount: maskedChannels.count, maskedChannels: maskedChannels,
            labels: LabelManager(allLabels: [0, 1, 2, 3]),
            schedule: Schedule(
                scheme: scheme, maximalPatchSize: patchSize, poolings: poolings, batchSize: batchSize, epochs: 100,
                iterationsPerEpoch: 1),
            seed: 77, construction: construction)
    }

    private func read(
        _ batches: TrainingBatches, iteration: Int, samples: Range<Int>? = nil, threadLimit: Int? = nil
    ) throws -> Batch {
        let stage = batches.stage(atIteration: iteration)
        let samples = samples ?? 0..<stage.batchSize
        let labels = AlignedBuffer<Int16>(count: samples.count * stage.patchVoxelCount)
        let images = AlignedBuffer<Float>(count: labels.count * batches.channelCount)
        images.fill(.nan)
        labels.fill(-7)
        let statistics = try batches.fill(
            iteration: iteration, samples: samples, images: images.pointer, labels: labels.pointer,
            threadLimit: threadLimit)
        return Batch(images: images.array, labels: labels.array, statistics: statistics)
    }

    @Test("A batch is the same for any division and any number of threads", arguments: Scheme.allCases)
    func divisions(scheme: Scheme) throws {
        let batches = try batches(scheme)
        for iteration in [0, 31, 99] {
            let stage = batches.stage(atIteration: iteration)
            let whole = try read(batches, iteration: iteration, threadLimit: 1)
            #expect(whole.images.allSatisfy { $0.isFinite })
            #expect(whole.labels.allSatisfy { (0...3).contains($0) })
            #expect(try read(batches, iteration: iteration, threadLimit: 2) == whole)
            let cuts = [0, stage.batchSize / 3, stage.batchSize * 2 / 3, stage.batchSize]
            var joined = Batch(images: [], labels: [], statistics: BatchStatistics())
            for (start, end) in zip(cuts, cuts.dropFirst()) {
                let part = try read(batches, iteration: iteration, samples: start..<end)
                joined.images += part.images
                joined.labels += part.labels
                joined.statistics = BatchStatistics(samples: joined.statistics.samples + part.statistics.samples)
            }
            #expect(joined == whole)
        }
    }

    @Test("Iterations, samples and seeds differ") func contentDiffers() throws {
        let batches = try batches(.cps, batchSize: 4)
        let first = try read(batches, iteration: 0)
        let second = try read(batches, iteration: 1)
        #expect(first.images != second.images)
        let stride = first.images.count / 4
        #expect(Set((0..<4).map { Array(first.images[$0 * stride..<($0 + 1) * stride]) }).count == 4)
    }

    @Test("split-crop uses exactly B volumes, one kind each") func splitCrop() throws {
        let batches = try batches(.pgpsPerformance, batchSize: 3)
        #expect(batches.construction == .splitCrop)
        for iteration in 0..<20 {
            let statistics = try read(batches, iteration: iteration).statistics
            #expect(Set(statistics.samples.map(\.identifier)).count == 3)
            let forced = Set(statistics.samples.filter(\.isForced).map(\.identifier))
            let free = Set(statistics.samples.filter { !$0.isForced }.map(\.identifier))
            #expect(forced.count == 1 && free.count == 2 && forced.isDisjoint(with: free))
            let forcedCount = statistics.samples.count { $0.isForced }
            #expect(forcedCount == ForegroundRule.half.foregroundCount(inBatchOf: statistics.samples.count))
        }
    }

    @Test("More volumes than cases: every case before any again") func fewCases() throws {
        let batches = try batches(.pgpsEfficiency, batchSize: 5, caseCount: 2)
        for iteration in 0..<10 {
            let names = try read(batches, iteration: iteration).statistics.samples.map(\.identifier)
            let counts = Dictionary(grouping: names, by: \.self).mapValues(\.count)
            #expect(counts.values.sorted() == [2, 3])
        }
    }

    @Test("single-crop draws every case evenly, the last samples on foreground") func singleCrop() throws {
        let batches = try batches(.cps, patchSize: [4, 4, 4], poolings: [0, 0, 0], batchSize: 40)
        var counts: [String: Int] = [:]
        for iteration in 0..<100 {
            let samples = try read(batches, iteration: iteration).statistics.samples
            for sample in samples { counts[sample.identifier, default: 0] += 1 }
            #expect(samples.map(\.isForced) == (0..<40).map { $0 >= 27 })
        }
        #expect(counts.count == 5)
        for count in counts.values { #expect(abs(count - 800) < 130) }
    }

    @Test("Forced patches show foreground") func foreground() throws {
        let batches = try batches(.pgps, patchSize: [8, 8, 8], batchSize: 30)
        let samples = try (90..<100).flatMap { try read(batches, iteration: $0).statistics.samples }
        let forced = samples.filter(\.isForced)
        #expect(forced.count == samples.count / 2)
        #expect(forced.allSatisfy { $0.showsForeground })
    }

    @Test("Statistics name the classes of each sample") func classes() throws {
        let batches = try batches(.cps, batchSize: 6)
        let batch = try read(batches, iteration: 3)
        let voxels = batch.labels.count / 6
        for (place, sample) in batch.statistics.samples.enumerated() {
            let found = Set(batch.labels[place * voxels..<(place + 1) * voxels]).filter { $0 > 0 }
            #expect(sample.classes == found.map(Int.init).sorted())
        }
        let counts = batch.statistics.sampleCounts(labelCount: 4)
        #expect(counts[0] == 0 && counts.max() ?? 0 <= 6)
        #expect(Set(batch.statistics.samples.flatMap(\.classes)) == Set((1...3).filter { counts[$0] > 0 }))
    }

    @Test("rpss draws all its patches evenly, from the seed and the iteration") func randomPatches() throws {
        let schedule = try batches(.rpss).schedule
        var counts: [Int: Int] = [:]
        for iteration in 0..<4000 { counts[schedule.stage(atIteration: iteration, seed: 3).index, default: 0] += 1 }
        #expect(counts.count == schedule.stages.count)
        let expected = 4000 / schedule.stages.count
        for count in counts.values { #expect(abs(count - expected) < expected / 3) }
        #expect(
            (0..<100).map { schedule.stage(atIteration: $0, seed: 3) }
                != (0..<100).map { schedule.stage(atIteration: $0, seed: 4) })
    }

    @Test("progressive-resolution shows the content of the plan's patch in a smaller tensor") func resolution() throws {
        let constant = PatchSource(
            identifier: "case", image: Tensor(shape: [1, 40, 40, 40], repeating: 2),
            labels: Tensor(shape: [40, 40, 40], repeating: 1), locations: [])
        let batches = try TrainingBatches(
            cases: CaseLibrary([constant]), channelCount: 1, maskedChannels: [false],
            labels: LabelManager(allLabels: [0, 1]),
            schedule: Schedule(
                scheme: .progressiveResolution, maximalPatchSize: [32, 32, 32], poolings: [2, 2, 2], batchSize: 40,
                epochs: 30, iterationsPerEpoch: 1),
            seed: 1)
        let first = try read(batches, iteration: 0)
        #expect(batches.stage(atIteration: 0).patchSize == [4, 4, 4])
        #expect(first.images.count == 40 * 64)
        // A 4-voxel patch would lie inside the case; the 32-voxel content, shown in 4 voxels, often crosses its border.
        #expect(first.statistics.samples.allSatisfy { $0.classes == [1] })
        let plain = first.images.filter { abs($0 - 2) < 1e-3 }.count
        #expect(plain > first.images.count / 3 && plain < first.images.count)
    }

    @Test("Masked channels are 0 outside the mask, the others are not touched there") func masks() throws {
        let labels = [Int16](repeating: -1, count: 1000)
        let source = PatchSource(
            identifier: "case", image: Tensor(shape: [2, 10, 10, 10], repeating: 3),
            labels: Tensor(shape: [10, 10, 10], scalars: labels), locations: [])
        let batches = try TrainingBatches(
            cases: CaseLibrary([source]), channelCount: 2, maskedChannels: [true, false],
            labels: LabelManager(allLabels: [0, 1]),
            schedule: Schedule(
                scheme: .cps, maximalPatchSize: [4, 4, 4], poolings: [0, 0, 0], batchSize: 20, epochs: 1,
                iterationsPerEpoch: 1),
            seed: 1)
        let batch = try read(batches, iteration: 0)
        #expect(batch.labels.allSatisfy { $0 == 0 })
        for sample in 0..<20 {
            #expect(batch.images[sample * 128..<sample * 128 + 64].allSatisfy { $0 == 0 })
            #expect(batch.images[sample * 128 + 64..<sample * 128 + 128].contains { $0 != 0 })
        }
    }

    @Test("Impossible settings are refused") func refusals() throws {
        #expect(throws: PatchError.self) { try batches(.cps, caseCount: 0) }
        let schedule = try batches(.cps).schedule
        let library = CaseLibrary([Phantoms.source("case 7", [9, 9, 9])])
        let manager = LabelManager(allLabels: [0, 1])
        let axis = #expect(throws: PatchError.self) {
            try TrainingBatches(
                cases: library, channelCount: 1, maskedChannels: [], labels: manager, schedule: schedule, seed: 1,
                mirrorAxes: [3])
        }
        #expect(axis?.description == "cannot mirror along axis 3; the axes of a volume are 0 (D), 1 (H) and 2 (W)")
        let twoChannels = try TrainingBatches(
            cases: library, channelCount: 2, maskedChannels: [], labels: manager, schedule: schedule, seed: 1)
        let channels = #expect(throws: PatchError.self) { try read(twoChannels, iteration: 0) }
        #expect(
            channels?.description
                == "the preprocessed case case 7 has 1 channels, but the network takes 2; "
                + "run plan-and-preprocess again")
    }
}

@Suite struct ValidationBatchesTests {
    @Test("Validation shows the plan's patch as it is, the same at any time") func plainPatches() throws {
        let sources = (0..<3).map { Phantoms.source("case \($0)", [20, 20, 20]) }
        let batches = try ValidationBatches(
            cases: CaseLibrary(sources), channelCount: 1, labels: LabelManager(allLabels: [0, 1, 2, 3]),
            patchSize: [8, 8, 8], batchSize: 9, seed: 2)
        func read(_ epoch: Int, _ batch: Int, _ samples: Range<Int>) throws -> ([Float], [Int16], BatchStatistics) {
            let labels = AlignedBuffer<Int16>(count: samples.count * 512)
            let images = AlignedBuffer<Float>(count: samples.count * 512)
            let statistics = try batches.fill(
                epoch: epoch, batch: batch, samples: samples, images: images.pointer, labels: labels.pointer)
            return (images.array, labels.array, statistics)
        }
        let whole = try read(4, 2, 0..<9)
        let first = try read(4, 2, 0..<4)
        let rest = try read(4, 2, 4..<9)
        #expect(first.0 + rest.0 == whole.0)
        #expect(first.1 + rest.1 == whole.1)
        #expect(whole.2.samples.map(\.isForced) == (0..<9).map { $0 >= 6 })
        #expect(whole.2.samples.filter(\.isForced).allSatisfy { $0.showsForeground })
        #expect(try read(5, 2, 0..<9).0 != whole.0)
        #expect(try read(4, 3, 0..<9).0 != whole.0)
        // Every patch is found unchanged in its case.
        let values = Set(Phantoms.image([20, 20, 20]))
        #expect(whole.0.allSatisfy { $0 == 0 || values.contains($0) })
    }
}
