import Foundation
import GuestModel
import SystemPackage
import Testing

@testable import Settings

/// A file with a name that tests can look for in messages.
func named(_ text: String, _ file: String = "/etc/example.conf") -> NamedText {
    NamedText(file: FilePath(file), text: text)
}

func day(_ iso: String) -> CalendarDate {
    guard let date = CalendarDate(iso: iso) else { fatalError("\(iso) is not a date") }
    return date
}

/// A few lines as in distro-info-data, so that tests do not depend on what is installed.
let sampleInfo: DistroInfo = {
    let debian = """
        version,codename,series,created,release,eol,eol-lts,eol-elts
        3.1,Sarge,sarge,2002-07-19,2005-06-06,2008-03-31
        4.0,Etch,etch,2005-06-06,2007-04-08,2010-02-15
        5.0,Lenny,lenny,2007-04-08,2009-02-14,2012-02-06
        6.0,Squeeze,squeeze,2009-02-14,2011-02-06,2014-05-31,2016-02-29
        7,Wheezy,wheezy,2011-02-06,2013-05-04,2016-04-25,2018-05-31,2020-06-30
        8,Jessie,jessie,2013-05-04,2015-04-26,2018-06-17,2020-06-30,2025-06-30
        10,Buster,buster,2017-06-17,2019-07-06,2022-09-10,2024-06-30,2029-06-30
        11,Bullseye,bullseye,2019-07-06,2021-08-14,2024-08-14,2026-08-31,2031-06-30
        12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-06-10,2028-06-30,2033-06-30
        13,Trixie,trixie,2023-06-10,2025-08-09,2028-08-09,2030-06-30,2035-06-30
        14,Forky,forky,2025-08-09
        15,Duke,duke,2027-08-01
        ,Sid,sid,1993-08-16
        ,Experimental,experimental,1993-08-16
        """
    let ubuntu = """
        version,codename,series,created,release,eol,eol-server,eol-esm,eol-legacy
        4.10,Warty Warthog,warty,2004-03-05,2004-10-20,2006-04-30
        9.10,Karmic Koala,karmic,2009-04-23,2009-10-29,2011-04-30
        11.10,Oneiric Ocelot,oneiric,2011-04-28,2011-10-13,2013-05-09
        12.04 LTS,Precise Pangolin,precise,2011-10-13,2012-04-26,2017-04-28,2017-04-28,2019-04-26
        12.10,Quantal Quetzal,quantal,2012-04-26,2012-10-18,2014-05-16
        14.04 LTS,Trusty Tahr,trusty,2013-10-17,2014-04-17,2019-04-25,2019-04-25,2024-04-25,2026-04-28
        22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01,2027-06-01,2032-04-21,2034-04-25
        24.04 LTS,Noble Numbat,noble,2023-10-12,2024-04-25,2029-05-31,2029-05-31,2034-04-25,2036-04-29
        25.10,Questing Quokka,questing,2025-04-17,2025-10-09,2026-07-09
        26.04 LTS,Resolute Raccoon,resolute,2025-10-09,2026-04-23,2031-05-29,2031-05-29,2036-04-23,2038-04-27
        """
    do {
        return try DistroInfo(
            debian: named(debian, "/usr/share/distro-info/debian.csv"),
            ubuntu: named(ubuntu, "/usr/share/distro-info/ubuntu.csv")
        )
    } catch {
        fatalError("\(error)")
    }
}()

func release(_ name: String, on date: String = "2026-02-01") throws -> Release {
    try sampleInfo.resolve(name, today: day(date))
}

/// Runs a program of the machine that serves as an oracle; nil if it fails.
func output(of program: String, _ arguments: [String]) throws -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
}

func exists(_ path: String) -> Bool { FileManager.default.isReadableFile(atPath: path) }
