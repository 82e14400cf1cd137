import Datasets
import Documents
import TestSupport
import Testing

/// The planner against numbers that nnU-Net 2.8.1 gives for the Decathlon's datasets (spacing, median shape, labels,
/// cases).
@Suite struct PlannerTests {
    struct Task: Sendable, CustomTestStringConvertible {
        var name: String
        var spacing: [Double]
        var shape: [Double]
        var classes: Int
        var cases: Int
        var patch: [Int]
        var batch: Int
        var preset = PlannerPreset.standard
        var testDescription: String { "\(name) \(preset.plannerName)" }
    }

    static let hippocampus = Task(
        name: "Hippocampus", spacing: [1, 1, 1], shape: [36, 50, 35], classes: 3, cases: 260, patch: [40, 56, 40],
        batch: 9)
    static let brain = Task(
        name: "BrainTumour", spacing: [1, 1, 1], shape: [138, 169, 138], classes: 4, cases: 484,
        patch: [128, 128, 128],
        batch: 2)
    static let lung = Task(
        name: "Lung", spacing: [1.245, 0.785, 0.785], shape: [252, 512, 512], classes: 2, cases: 63,
        patch: [80, 192, 160], batch: 2)

    static let tasks = [
        hippocampus, hippocampus.with(.residualM, patch: [40, 56, 40], batch: 58),
        brain, brain.with(.residualL, patch: [160, 192, 160], batch: 3),
        brain.with(.residualXL, patch: [160, 192, 160], batch: 5),
        Task(
            name: "Liver", spacing: [1, 0.7676, 0.7676], shape: [482, 512, 512], classes: 3, cases: 131,
            patch: [128, 128, 128], batch: 2),
        Task(
            name: "Heart", spacing: [1.37, 1.25, 1.25], shape: [115, 320, 232], classes: 2, cases: 20,
            patch: [80, 192, 160], batch: 2),
        lung, lung.with(.residualM, patch: [80, 192, 160], batch: 2),
        lung.with(.residualL, patch: [112, 256, 256], batch: 2),
        lung.with(.residualXL, patch: [128, 320, 320], batch: 2),
        Task(
            name: "Spleen", spacing: [1.6, 0.793, 0.793], shape: [187, 512, 512], classes: 2, cases: 41,
            patch: [64, 192, 160], batch: 2),
        Task(
            name: "HepaticVessel", spacing: [1.5, 0.799, 0.799], shape: [150, 512, 512], classes: 3, cases: 303,
            patch: [64, 192, 192], batch: 2),
        Task(
            name: "Pancreas", spacing: [2.5, 0.8027, 0.8027], shape: [96, 512, 512], classes: 3, cases: 281,
            patch: [40, 224, 224], batch: 2),
        Task(
            name: "Prostate", spacing: [3.6, 0.625, 0.625], shape: [20, 320, 319], classes: 3, cases: 32,
            patch: [20, 320, 256], batch: 2),
    ]

    private func plan(_ task: Task) -> PatchPlanner.Result {
        PatchPlanner(preset: task.preset, memoryTarget: task.preset.referenceGigabytes, classCount: task.classes).plan(
            spacing: task.spacing, medianShape: task.shape,
            datasetVoxelCount: task.shape.reduce(1, *) * Double(task.cases))
    }

    @Test("patch and batch", arguments: tasks) func patchAndBatch(task: Task) {
        let result = plan(task)
        #expect(result.topology.patchSize == task.patch)
        #expect(result.batchSize == task.batch)
    }

    @Test("poolings, strides, kernels and estimates") func topologies() {
        let hippocampus = plan(Self.hippocampus)
        #expect(hippocampus.topology.poolings == [3, 3, 3] && hippocampus.estimate == 19_174_400)
        let brain = plan(Self.brain)
        #expect(brain.topology.poolings == [5, 5, 5] && brain.estimate == 454_893_568)
        let lung = plan(Self.lung)
        #expect(lung.topology.poolings == [4, 5, 5] && lung.estimate == 528_211_200)
        #expect(lung.topology.strides == [[1, 1, 1]] + Array(repeating: [2, 2, 2], count: 4) + [[1, 2, 2]])
        #expect(lung.topology.kernelSizes == Array(repeating: [3, 3, 3], count: 6))
        let spleen = NetworkTopology(spacing: [1.6, 0.793, 0.793], patchSize: [64, 192, 160])
        #expect(spleen.strides == [[1, 1, 1], [1, 2, 2]] + Array(repeating: [2, 2, 2], count: 4))
        #expect(spleen.kernelSizes == [[1, 3, 3]] + Array(repeating: [3, 3, 3], count: 5))
        let prostate = NetworkTopology(spacing: [3.6, 0.625, 0.625], patchSize: [20, 320, 256])
        #expect(prostate.poolings == [2, 6, 6] && prostate.strides.count == 7)
        #expect(prostate.kernelSizes == [[1, 3, 3], [1, 3, 3]] + Array(repeating: [3, 3, 3], count: 5))
    }

    @Test("output elements of a network of 128 cubed") func estimates() {
        let topology = NetworkTopology(spacing: [1, 1, 1], patchSize: [128, 128, 128])
        #expect(PlannerPreset.standard.outputElementCount(topology, classCount: 2) == 450_699_264)
        #expect(PlannerPreset.standard.outputElementCount(topology, classCount: 4) == 454_893_568)
        // The published number of the residual network counts the four lower heads of deep supervision too.
        let heads = 3 * (1...4).reduce(0) { sum, level in sum + (128 >> level) * (128 >> level) * (128 >> level) }
        #expect(PlannerPreset.residualM.outputElementCount(topology, classCount: 3) + heads == 558_319_104)
    }

    @Test("a patch with a half is padded up to what the poolings divide") func fractions() {
        let topology = NetworkTopology(spacing: [1, 1, 1], patchSize: [36.5, 50, 35.5])
        #expect(topology.patchSize == [40, 56, 40] && topology.divisors == [8, 8, 8])
    }

    @Test("strongly anisotropic spacing: the coarse axis comes first, at its 10th percentile") func anisotropy() {
        let spacings = (0..<11).map { [0.5, 0.5, 4.0 + Double($0) * 0.1] }
        let fingerprint = fingerprint(spacings: spacings, shapes: spacings.map { _ in [200, 180, 24] })
        let geometry = PlannedGeometry(fingerprint: fingerprint)
        #expect(geometry.transposeForward == [2, 0, 1])
        #expect(abs(geometry.spacing[0] - 4.1) < 1e-12 && geometry.spacing[1...] == [0.5, 0.5])
        #expect(geometry.medianShape == [26, 200, 180])
        // Not finer than the other axes.
        let fine = self.fingerprint(
            spacings: [[4, 1, 1], [4, 1, 1], [4, 1, 1], [0.5, 1, 1], [0.5, 1, 1]],
            shapes: Array(repeating: [20, 200, 200], count: 5))
        #expect(PlannedGeometry(fingerprint: fine).spacing == [1 + 1e-5, 1, 1])
    }

    @Test("batch Dice is on exactly where a low-resolution configuration exists") func batchDice() throws {
        let small = try planner(spacing: [1, 1, 1], shape: [36, 50, 35], cases: 260).plan()
        #expect(try small.configuration(named: "3d_fullres").batchDice == false)
        let large = try planner(spacing: [1, 0.7676, 0.7676], shape: [482, 512, 512], cases: 131).plan()
        #expect(try large.configuration(named: "3d_fullres").batchDice == true)
    }

    @Test("a dataset of single slices has a 2D configuration only") func slices() throws {
        let plans = try planner(spacing: [999, 1, 1], shape: [1, 200, 200], cases: 10).plan()
        #expect(plans.configurationNames == ["2d"])
        #expect(try plans.configuration(named: "2d").patchSize == [224, 224])
    }

    @Test("a reader that reads other files, or turns axes, is refused by name") func readers() throws {
        func reader(_ name: String) throws -> String {
            try DatasetDescription(
                json: [
                    "channel_names": ["0": "MRI"], "labels": ["background": 0, "a": 1], "numTraining": 5,
                    "file_ending": ".nii", "overwrite_image_reader_writer": .string(name),
                ], path: "dataset.json"
            ).readerName()
        }
        #expect(try reader("SimpleITKIO") == "SimpleITKIO" && reader("None") == "NibabelIO")
        let error = #expect(throws: DatasetError.self) { try reader("NibabelIOWithReorient") }
        #expect(error?.description.contains("dataset.json: \"overwrite_image_reader_writer\"") == true)
        #expect(error?.description.contains("\"NibabelIOWithReorient\"") == true)
    }

    @Test("impossible options are refused") func options() {
        #expect(throws: DatasetError.self) {
            try planner(spacing: [1, 1, 1], shape: [40, 40, 40], cases: 5, target: [1, 0, 1]).plan()
        }
        #expect(throws: DatasetError.self) {
            try planner(spacing: [1, 1, 1], shape: [40, 40, 40], cases: 5, target: [1, 1]).plan()
        }
        #expect(throws: DatasetError.self) {
            try planner(spacing: [1, 1, 1], shape: [40, 40, 40], cases: 5, memory: 0).plan()
        }
    }

    private func fingerprint(spacings: [[Double]], shapes: [[Int]]) -> Fingerprint {
        let intensity = IntensityProperties(
            mean: 1, median: 1, std: 1, min: 0, max: 2, percentile995: 2, percentile005: 0)
        return Fingerprint(
            spacings: spacings, shapesAfterCrop: shapes, intensityProperties: [intensity], medianRelativeSize: 1)
    }

    private func planner(
        spacing: [Double], shape: [Int], cases: Int, target: [Double]? = nil, memory: Double? = nil
    ) throws -> ExperimentPlanner {
        let description = try DatasetDescription(
            json: [
                "channel_names": ["0": "MRI"], "labels": ["background": 0, "a": 1, "b": 2],
                "numTraining": .integer(cases), "file_ending": ".nii.gz",
            ], path: "dataset.json")
        return ExperimentPlanner(
            fingerprint: fingerprint(spacings: [spacing], shapes: [shape]), description: description,
            datasetName: "Dataset001_Test", memoryTarget: memory, overwriteTargetSpacing: target)
    }
}

extension PlannerTests.Task {
    func with(_ preset: PlannerPreset, patch: [Int], batch: Int) -> Self {
        var task = self
        (task.preset, task.patch, task.batch) = (preset, patch, batch)
        return task
    }
}
