import Reporting
import Testing

@Suite struct LocalTimeTests {
    @Test("A moment is written as at the start of the lines of nnU-Net's logs, and as in their names")
    func textAndFileName() {
        let time = LocalTime(year: 2026, month: 3, day: 7, hour: 9, minute: 5, second: 2, microsecond: 123)
        #expect(time.text == "2026-03-07 09:05:02.000123")
        #expect(time.fileNamePart == "2026_3_7_09_05_02")
    }

    @Test("The present has a text of full length")
    func now() {
        #expect(LocalTime.now.year > 2024)
        #expect(LocalTime.now.text.count == 26)
    }
}
