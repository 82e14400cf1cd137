import Curriculum
import Testing

@Suite struct BatchDealTests {
    @Test(
        "Foreground counts",
        arguments: [
            (.third, [2: 1, 3: 1, 4: 1, 5: 2, 6: 2, 9: 3, 12: 4, 1: 0, 50: 16]),
            (.half, [1: 1, 2: 1, 3: 1, 4: 2, 5: 3, 9: 5, 12: 6, 787: 393, 1575: 787]),
        ] as [(ForegroundRule, [Int: Int])])
    func foregroundCounts(rule: ForegroundRule, counts: [Int: Int]) {
        for (batchSize, count) in counts { #expect(rule.foregroundCount(inBatchOf: batchSize) == count) }
    }

    @Test("split-crop with two volumes is the paper's: one for each kind") func twoVolumes() {
        let deal = BatchDeal(construction: .splitCrop, batchSize: 5, baseBatchSize: 2, rule: .half)
        #expect((0..<5).map { deal[$0].volume } == [0, 0, 0, 1, 1])
        #expect((0..<5).map { deal[$0].isForeground } == [true, true, true, false, false])
    }

    @Test("split-crop deals each kind evenly, earlier volumes one more") func evenDeal() {
        let deal = BatchDeal(construction: .splitCrop, batchSize: 787, baseBatchSize: 9, rule: .half)
        #expect(counts(deal, foreground: true) == [79, 79, 79, 78, 78, 0, 0, 0, 0])
        #expect(counts(deal, foreground: false) == [0, 0, 0, 0, 0, 99, 99, 98, 98])
        #expect(deal.volumeCount == 9)
    }

    @Test("single-crop takes a volume per patch, the last ones on foreground") func singleCrop() {
        let deal = BatchDeal(construction: .singleCrop, batchSize: 5, baseBatchSize: 5, rule: .third)
        #expect((0..<5).map { deal[$0].volume } == [0, 1, 2, 3, 4])
        #expect((0..<5).map { deal[$0].isForeground } == [false, false, false, true, true])
    }

    @Test("multi-crop deals both kinds over all volumes") func multiCrop() {
        let deal = BatchDeal(construction: .multiCrop, batchSize: 11, baseBatchSize: 3, rule: .half)
        #expect(counts(deal, foreground: true) == [2, 2, 1])
        #expect(counts(deal, foreground: false) == [2, 2, 2])
    }

    @Test("single-volume takes all from one") func singleVolume() {
        let deal = BatchDeal(construction: .singleVolume, batchSize: 4, baseBatchSize: 2, rule: .half)
        #expect((0..<4).map { deal[$0].volume } == [0, 0, 0, 0])
        #expect(deal.volumeCount == 1)
    }

    @Test("Every construction deals exactly b patches, F(b) of them foreground", arguments: BatchConstruction.allCases)
    func totals(construction: BatchConstruction) {
        for rule in [ForegroundRule.half, .third] {
            for baseBatchSize in 1...9 {
                for batchSize in baseBatchSize...60 {
                    let deal = BatchDeal(
                        construction: construction, batchSize: batchSize, baseBatchSize: baseBatchSize, rule: rule)
                    let foreground = counts(deal, foreground: true)
                    let rest = counts(deal, foreground: false)
                    #expect(foreground.reduce(0, +) == rule.foregroundCount(inBatchOf: batchSize))
                    #expect(foreground.reduce(0, +) + rest.reduce(0, +) == batchSize)
                    let volumes = (0..<batchSize).map { deal[$0].volume }
                    #expect(volumes == volumes.sorted())
                    if construction == .multiCrop {
                        for kind in [foreground, rest, zip(foreground, rest).map { $0 + $1 }] {
                            #expect((kind.max() ?? 0) - (kind.min() ?? 0) <= 1)
                        }
                    }
                }
            }
        }
    }

    private func counts(_ deal: BatchDeal, foreground: Bool) -> [Int] {
        var counts = [Int](repeating: 0, count: deal.volumeCount)
        for index in 0..<deal.batchSize where deal[index].isForeground == foreground {
            counts[deal[index].volume] += 1
        }
        return counts
    }
}
