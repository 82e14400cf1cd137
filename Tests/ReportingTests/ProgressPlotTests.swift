import Curriculum
import Documents
import Foundation
import FoundationXML
import Reporting
import TestSupport
import Testing
import Training

/// Counts the elements of an XML document.
private final class ElementCounter: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    var texts: [String] = []
    private var text = ""

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        counts[name, default: 0] += 1
        text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        if name == "text" { texts.append(text) }
    }
}

@Suite struct ProgressPlotTests {
    private func elements(_ svg: String) throws -> ElementCounter {
        let counter = ElementCounter()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = counter
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(!svg.contains("nan") && !svg.contains("inf\""))
        return counter
    }

    private func records(_ count: Int) -> [EpochRecord] {
        (0..<count).map { epoch in
            var record = SampleRun.record(epoch % 18)
            record.epoch = epoch
            record.trainLoss = sin(Double(epoch))
            record.pseudoDice = [0.5 + 0.3 * sin(Double(epoch)), 0.5]
            return record
        }
    }

    @Test("The picture is well-formed for any number of epochs", arguments: [0, 1, 2, 3, 60, 61, 1000, 20_000])
    func wellFormed(epochCount: Int) throws {
        let schedule = try SampleRun.schedule(epochs: max(1000, epochCount))
        let svg = ProgressPlot(run: SampleRun.description(schedule)).svg(of: records(epochCount))
        let counter = try elements(svg)
        #expect(counter.counts["svg"] == 1)
        // Losses, two classes, moving average, seconds, learning rate.
        #expect(counter.counts["polyline", default: 0] == (epochCount < 2 ? 0 : 7))
        #expect(svg.utf8.count < 500_000)
    }

    @Test("Stages stand behind the curves with patch and batch")
    func stages() throws {
        let schedule = try SampleRun.schedule(epochs: 30)
        let counter = try elements(ProgressPlot(run: SampleRun.description(schedule)).svg(of: records(30)))
        #expect(counter.counts["title"] == 4 * 15)
        for text in ["8×8×8", "batch 1575", "40×56×40", "batch 9", "Loss", "Pseudo Dice", "Learning rate", "epoch"] {
            #expect(counter.texts.contains(text), "\(text) in \(counter.texts)")
        }
    }

    @Test("Names are escaped, gaps and values that are not finite are left out")
    func oddValues() throws {
        var run = SampleRun.description(try SampleRun.schedule(scheme: .rpss, epochs: 5))
        run.dataset = "Dataset001_<a> & \"b\"\u{1}"
        var odd = records(5)
        odd[0].validationLoss = .nan
        odd[1].trainLoss = .infinity
        odd[2].pseudoDice = []
        odd[3].emaPseudoDice = .nan
        odd[4].seconds = .nan
        let counter = try elements(ProgressPlot(run: run).svg(of: odd, validationDice: .nan))
        #expect(counter.texts.first?.hasPrefix("Dataset001_<a> & \"b\"  · 3d_fullres") == true)
    }

    @Test("The file is drawn anew not more than once in ten seconds, except at the end")
    func pause() throws {
        try TestFiles.withTemporaryFolder { folder in
            let time = HandClock()
            let run = SampleRun.description(try SampleRun.schedule(), folder: folder)
            let file = ProgressPlotFile(run: run, clock: time.clock)
            let path = folder + "/" + ProgressPlotFile.name
            try file.update([])
            #expect(!FileAccess.exists(path))
            try file.update(records(1))
            let first = try FileAccess.read(path)
            time.advance(9)
            try file.update(records(2))
            #expect(try FileAccess.read(path) == first)
            time.advance(1)
            try file.update(records(2))
            let second = try FileAccess.read(path)
            #expect(second != first)
            try file.update(records(3), isForced: true)
            #expect(try FileAccess.read(path) != second)
            #expect(try FileAccess.list(folder) == [ProgressPlotFile.name])
        }
    }
}
