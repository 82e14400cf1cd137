import Reporting
import Testing

@Suite struct ReportTextTests {
    @Test(
        "Durations have two units at most",
        arguments: [
            (0, "0 s"), (-3, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (750, "12 min 30 s"), (3599, "59 min 59 s"),
            (3600, "1 h"), (11_520, "3 h 12 min"), (86_399, "1 d"), (187_200, "2 d 4 h"), (.infinity, "unknown time"),
        ] as [(Double, String)])
    func duration(seconds: Double, text: String) { #expect(ReportText.duration(seconds) == text) }

    @Test(
        "Measured seconds keep three digits or so",
        arguments: [(0.0523, "0.052 s"), (0.9996, "1.0 s"), (8.14, "8.1 s"), (99.96, "100 s"), (245.3, "245 s")])
    func seconds(seconds: Double, text: String) { #expect(ReportText.seconds(seconds) == text) }

    @Test(
        "Numbers are rounded as NumPy rounds and prints them",
        arguments: [
            (0.81235, "0.8124"), (0.5, "0.5"), (-0.00001, "0.0"), (2, "2.0"), (.nan, "nan"), (-.infinity, "-inf"),
            (0.00005, "0.0"),
        ] as [(Double, String)])
    func rounded(value: Double, text: String) { #expect(ReportText.rounded(value, decimals: 4) == text) }

    @Test(
        "Fixed decimals have no negative zero", arguments: [(-0.00001, "0.0000"), (-0.5, "-0.5000"), (1e-4, "0.0001")])
    func fixed(value: Double, text: String) { #expect(ReportText.fixed(value, decimals: 4) == text) }

    @Test(
        "Large counts are grouped", arguments: [(0, "0"), (999, "999"), (31_002_417, "31 002 417"), (-1000, "-1 000")])
    func grouped(number: Int, text: String) { #expect(ReportText.grouped(number) == text) }
}
