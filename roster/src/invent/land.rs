//! What differs between countries: names of people, places and subjects, and when a child starts school.
//!
//! The lists hold common names and are put together by chance; nobody in them exists.

use chrono::NaiveDate;

/// Where a municipality lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Land {
    Norway,
    Sweden,
    England,
}

/// A subject: its title, and the beginning of the codes of its courses.
pub(super) struct Subject {
    pub title: &'static str,
    pub code: &'static str,
}

/// The lists of one country.
pub(super) struct Names {
    pub given: &'static [&'static str],
    pub family: &'static [&'static str],
    pub places: &'static [&'static str],
    pub subjects: &'static [Subject],
    pub site: &'static str,
    pub school: fn(&str) -> String,
    pub class_type: &'static str,
    pub summer_school: &'static str,
}

impl Land {
    pub(super) const fn names(self) -> &'static Names {
        match self {
            Self::Norway => &NORWAY,
            Self::Sweden => &SWEDEN,
            Self::England => &ENGLAND,
        }
    }

    /// The days on which those who start school in the autumn of `year` may have been born.
    pub(super) fn births(self, year: i32) -> (NaiveDate, NaiveDate) {
        let day = |year, month, day| {
            NaiveDate::from_ymd_opt(year, month, day).expect("a year of the calendar has this day")
        };
        match self {
            Self::Norway => (day(year - 6, 1, 1), day(year - 6, 12, 31)),
            Self::Sweden => (day(year - 7, 1, 1), day(year - 7, 12, 31)),
            Self::England => (day(year - 6, 9, 1), day(year - 5, 8, 31)),
        }
    }
}

const fn subject(title: &'static str, code: &'static str) -> Subject {
    Subject { title, code }
}

#[rustfmt::skip] // one name a line would bury the rest
const NORWAY: Names = Names {
    given: &[
        "Emma", "Nora", "Olivia", "Ella", "Maja", "Sofie", "Ingrid", "Frida", "Leah", "Sara", "Amalie", "Åse",
        "Tiril", "Solveig", "Astrid", "Selma", "Jenny", "Thea", "Mia", "Live", "Jakob", "Noah", "Emil", "Lukas",
        "Oskar", "Oliver", "Filip", "William", "Magnus", "Henrik", "Håkon", "Øyvind", "Sander", "Mathias",
        "Kasper", "Aksel", "Jonas", "Even", "Mohammed", "Adam", "Sigurd", "Bjørn", "Per Arne", "Ann-Kristin",
    ],
    family: &[
        "Hansen", "Johansen", "Olsen", "Larsen", "Andersen", "Pedersen", "Nilsen", "Kristiansen", "Jensen",
        "Karlsen", "Johnsen", "Pettersen", "Eriksen", "Berg", "Haugen", "Hagen", "Johannessen", "Andreassen",
        "Jacobsen", "Dahl", "Jørgensen", "Halvorsen", "Henriksen", "Lund", "Sørensen", "Jakobsen", "Moen",
        "Gundersen", "Iversen", "Strand", "Solberg", "Svendsen", "Eide", "Knutsen", "Martinsen", "Bakken",
        "Kristoffersen", "Lie", "Ødegård", "Åsheim", "Ahmed", "Nguyen", "Moe-Sæther", "Bråten",
    ],
    places: &[
        "Nes", "Solbakken", "Fagerlia", "Åsen", "Vika", "Lunden", "Haugen", "Elvebakken", "Bjørkelia", "Sjøgata",
        "Granli", "Myra", "Brattås", "Heimdal", "Østre", "Vestre", "Nordby", "Sørbø", "Furuset", "Kirkebakken",
    ],
    subjects: &[
        subject("Norsk", "NOR"),
        subject("Matematikk", "MAT"),
        subject("Engelsk", "ENG"),
        subject("Naturfag", "NAT"),
        subject("Samfunnsfag", "SAF"),
        subject("KRLE", "KRL"),
        subject("Kroppsøving", "KRO"),
        subject("Musikk", "MUS"),
        subject("Kunst og håndverk", "KHV"),
        subject("Mat og helse", "MHE"),
        subject("Spansk", "SPA"),
        subject("Utdanningsvalg", "UTV"),
    ],
    site: "Kommunen",
    school: |place| format!("{place} skole"),
    class_type: "Klasse",
    summer_school: "Sommerskole",
};

#[rustfmt::skip] // one name a line would bury the rest
const SWEDEN: Names = Names {
    given: &[
        "Alice", "Maja", "Vera", "Alma", "Selma", "Elsa", "Lilly", "Astrid", "Wilma", "Freja", "Olivia", "Ebba",
        "Saga", "Agnes", "Juni", "Stella", "Märta", "Åsa", "Fatima", "Anna-Karin", "Noah", "Hugo", "William",
        "Liam", "Nils", "Elias", "Oliver", "Adam", "August", "Sam", "Lucas", "Ludvig", "Axel", "Alfred", "Björn",
        "Göran", "Malte", "Theo", "Vincent", "Arvid", "Ali", "Viggo", "Melker", "Lars Erik",
    ],
    family: &[
        "Andersson", "Johansson", "Karlsson", "Nilsson", "Eriksson", "Larsson", "Olsson", "Persson", "Svensson",
        "Gustafsson", "Pettersson", "Jonsson", "Jansson", "Hansson", "Bengtsson", "Jönsson", "Lindberg",
        "Jakobsson", "Magnusson", "Lindström", "Olofsson", "Lindqvist", "Lindgren", "Berg", "Axelsson",
        "Bergström", "Lundberg", "Lind", "Lundgren", "Mattsson", "Berglund", "Fredriksson", "Sandberg",
        "Henriksson", "Sjöberg", "Forsberg", "Wallin", "Ali", "Engström", "Öberg", "Åkesson", "Ek-Nyström",
    ],
    places: &[
        "Solbacka", "Björk", "Sjö", "Kyrk", "Norr", "Söder", "Väster", "Öster", "Lind", "Ekbacka", "Berga", "Ängs",
        "Skogs", "Kvarn", "Park", "Strand", "Hage", "Åby", "Tall", "Vik",
    ],
    subjects: &[
        subject("Svenska", "SVE"),
        subject("Matematik", "MAT"),
        subject("Engelska", "ENG"),
        subject("Biologi", "BIO"),
        subject("Fysik", "FYS"),
        subject("Kemi", "KEM"),
        subject("Geografi", "GEO"),
        subject("Historia", "HIS"),
        subject("Idrott och hälsa", "IDH"),
        subject("Musik", "MUS"),
        subject("Slöjd", "SLJ"),
        subject("Bild", "BIL"),
    ],
    site: "Kommunen",
    school: |place| format!("{place}skolan"),
    class_type: "Klass",
    summer_school: "Sommarskola",
};

#[rustfmt::skip] // one name a line would bury the rest
const ENGLAND: Names = Names {
    given: &[
        "Olivia", "Amelia", "Isla", "Ava", "Lily", "Freya", "Grace", "Ivy", "Sophia", "Willow", "Florence", "Evie",
        "Poppy", "Charlotte", "Zara", "Aisha", "Siân", "Chloë", "Mary Ann", "Niamh", "Noah", "Oliver", "George",
        "Arthur", "Muhammad", "Leo", "Harry", "Oscar", "Archie", "Henry", "Theodore", "Freddie", "Jack", "Charlie",
        "Alfie", "Thomas", "Ethan", "Rory", "Zoë", "Aaron", "Ibrahim", "Joshua", "Ruby", "Jean-Luc",
    ],
    family: &[
        "Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Patel", "Robinson",
        "Wright", "Thompson", "Evans", "Walker", "White", "Roberts", "Green", "Hall", "Wood", "Jackson", "Clarke",
        "Khan", "Hughes", "Edwards", "Turner", "Hill", "Harris", "Cooper", "Ward", "Morris", "Begum", "Mitchell",
        "Baker", "Ahmed", "O'Brien", "O'Connor", "Bell", "Phillips", "Watson", "Shaw", "Carter-Reid", "McKenna",
    ],
    places: &[
        "Ashcombe", "Millfield", "St Mary's", "Oakwood", "Riverside", "Hillcrest", "Northgate", "Southfield",
        "Elmtree", "Greenway", "Priory", "Beech Hill", "Kingsmead", "Abbey", "Lakeside", "Fairview", "Westbrook",
        "Meadow Lane", "Brook & Vale", "Thornton",
    ],
    subjects: &[
        subject("English", "ENG"),
        subject("Mathematics", "MAT"),
        subject("Science", "SCI"),
        subject("History", "HIS"),
        subject("Geography", "GEO"),
        subject("Computing", "COM"),
        subject("Physical education", "PED"),
        subject("Music", "MUS"),
        subject("Art and design", "ART"),
        subject("French", "FRE"),
        subject("Religious education", "RED"),
        subject("Design and technology", "DTE"),
    ],
    site: "Trust",
    school: |place| format!("{place} School"),
    class_type: "Form",
    summer_school: "Summer school",
};
