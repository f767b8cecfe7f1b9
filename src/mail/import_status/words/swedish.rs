//! The status mail in Swedish.

use super::{Departure, Labels, Noun, Words};
use crate::mail::import_status::{
    problems::sentence,
    said::{Happened, Left, Next, Note},
};
use rollover_jobs::ports::{Applied, Outcome};
use rollover_roster::{
    course_fate::CourseEnd,
    diff::Action,
    explain::Cause,
    filter::Breach,
    model::{Kind, Profile, Role},
    read::Leniency,
    rekey::RekeyedCounts,
    shrunken::Shrunken,
};

pub(super) struct Swedish;

const LABELS: Labels = Labels {
    code: "sv",
    next: "Nästa steg",
    before: "före",
    after: "efter",
    difference: "ändring",
    before_and_after: "Lärplattformen före och efter",
    courses_active: "Kurser, aktiva",
    courses_archived: "Kurser, arkiverade",
    changes: "Ändringar",
    create: "läggs till",
    update: "uppdateras",
    delete: "tas bort",
    planned: "Totalt",
    postponed: "Uppskjutna borttagningar",
    held: "Kurser som hålls inne",
    not_released: "Inte frisläppt",
    applied: "Genomfört",
    limits: "Gränser i filtret som skulle ha överskridits",
    by_school: "Per skola",
    by_class: "Per klass",
    by_sort: "Per profil eller roll",
    elsewhere: "på andra ställen",
    conceded: "Avvikelser i filen som godtogs",
    about_conceded: "Detta följer inte filformatet, men kundens inställningar släpper igenom det.",
    ask: "Be leverantören att",
    errors: "Fel i filen",
    about_errors: "Felen beskrivs på engelska.",
    fix: "Så rättas det",
    this_run: "Den här körningen",
    customer: "Kund",
    roster: "Importfil",
    snapshot: "Avtryck",
    start: "Start",
    end: "Slut",
    duration: "Tidsåtgång",
    time_zone: "Tidszon",
    decision: "Beslut",
};

const COURSE: Noun = ("ny kurs", "nya kurser");

impl Words for Swedish {
    fn labels(&self) -> &'static Labels {
        &LABELS
    }

    fn thousands(&self) -> char {
        '\u{a0}'
    }

    fn decimal(&self) -> char {
        ','
    }

    fn months(&self) -> [&'static str; 12] {
        [
            "januari",
            "februari",
            "mars",
            "april",
            "maj",
            "juni",
            "juli",
            "augusti",
            "september",
            "oktober",
            "november",
            "december",
        ]
    }

    fn weekdays(&self) -> [&'static str; 7] {
        ["måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"]
    }

    fn kind(&self, kind: Kind) -> Noun {
        match kind {
            Kind::Group => ("grupp", "grupper"),
            Kind::Person => ("person", "personer"),
            Kind::Course => ("kurs", "kurser"),
            Kind::Membership => ("medlemskap", "medlemskap"),
        }
    }

    fn moment(&self, weekday: &str, date: &str, time: &str) -> String {
        format!("{weekday} {date} kl. {time}")
    }

    fn date_of(&self, day: u32, month: &str, year: i32) -> String {
        format!("{day} {month} {year}")
    }

    fn spans(&self) -> (&'static str, &'static str) {
        ("tim", "under en sekund")
    }

    fn others(&self, count: u64) -> String {
        self.counted(count, ("annan", "andra"))
    }

    fn and(&self) -> &'static str {
        "och"
    }

    fn verdict(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Completed => "Slutförd",
            Outcome::Unchanged => "Oförändrad",
            Outcome::Aborted => "Stoppad",
            Outcome::Failed => "Misslyckad",
            Outcome::NoRoster => "Ingen importfil",
        }
    }

    fn subject(&self, outcome: Outcome, customer: &str) -> String {
        let said = match outcome {
            Outcome::Completed => "Importen är klar",
            Outcome::Unchanged => "Import utan ändringar",
            Outcome::Aborted => "Importen stoppades",
            Outcome::Failed => "Importen misslyckades",
            Outcome::NoRoster => "Importfilen kom inte",
        };
        format!("{said} – {customer}")
    }

    fn title(&self, customer: &str) -> String {
        format!("Import för {customer}")
    }

    fn details_of(&self, run: i64) -> String {
        format!("Mer om körning {run}:")
    }

    fn open_run(&self, run: i64) -> String {
        format!("Öppna körning {run}")
    }

    fn footer(&self, customer: &str) -> String {
        format!(
            "Rollover skickar det här mejlet efter varje importförsök för {customer}. Kommer det inget mejl har inget \
             försök gjorts."
        )
    }

    fn happened(&self, happened: &Happened<'_>) -> String {
        match happened {
            Happened::Completed(applied) => self.completed(applied),
            Happened::Unchanged => "Importfilen är likadan som den senaste som lästes in.".to_owned(),
            Happened::Aborted(limits) => format!(
                "Filtret stoppade importen eftersom {} skulle ha överskridits.",
                self.counted(*limits, ("gräns", "gränser"))
            ),
            Happened::Unreadable(errors) => {
                format!(
                    "Importfilen kan inte läsas: den innehåller {}.",
                    self.counted(*errors, ("fel", "fel"))
                )
            }
            Happened::TooEarly(courses) => format!(
                "Importen avvisades: {} kom före läsårsstarten, och kundens inställningar avvisar sådana filer.",
                self.counted(*courses, COURSE)
            ),
            Happened::TooSmall(sizes) => format!(
                "Importen avvisades: importfilen är för liten för att vara fullständig. Den innehåller {}.",
                self.all_shrunken(sizes)
            ),
            Happened::Failed(Some(why)) => {
                format!("Importen misslyckades. Orsaken beskrivs på engelska: {}", sentence(why))
            }
            Happened::Failed(None) => "Importen misslyckades. Orsaken står på körningens sida.".to_owned(),
            Happened::NoRoster => {
                "Importfilen hade inte kommit när den skulle, så ingenting lästes in.".to_owned()
            }
        }
    }

    fn shrunken(&self, size: &Shrunken) -> String {
        let (count, of) = (self.counted(size.count, self.kind(size.kind)), self.number(size.of));
        format!("{count} (den senaste som lästes in hade {of})")
    }

    fn left(&self, left: Left) -> &'static str {
        match left {
            Left::InPart => {
                "Inget mer genomfördes: lärplattformen har bara delar av en tidigare importfil, eftersom en import \
                 avbröts innan den var klar. Nästa fil som läses in rättar till det."
            }
            Left::Unchanged => "Ingenting ändrades.",
            Left::AsItWas => "Lärplattformen är som förut.",
            Left::NothingApplied => "Ingenting genomfördes: lärplattformen är som förut.",
        }
    }

    fn put_right(&self) -> &'static str {
        "Det som en tidigare, avbruten import hade lämnat efter sig har rättats till."
    }

    fn next(&self, next: &Next) -> String {
        match next {
            Next::Nothing => "Du behöver inte göra något.".to_owned(),
            Next::NothingButWait => "Du behöver inte göra något. Det som väntar är planerat, se nedan.".to_owned(),
            Next::NothingUnlessExpected => {
                "Du behöver inte göra något. Om du väntade dig ändringar, kontrollera om det skoladministrativa \
                 systemet har skapat en ny fil."
                    .to_owned()
            }
            Next::Decide(roster) => {
                let roster = roster.as_ref().map_or_else(|| "den här importfilen".to_owned(), |id| format!("importfil {id}"));
                format!(
                    "Bara kunden kan avgöra om ändringarna är riktiga. Om de är det registrerar supporten beslutet (vem \
                     hos kunden, vem hos supporten och varför) för just {roster}; det gäller för en körning. Om de är \
                     fel rättar kunden uppgifterna i det skoladministrativa systemet och skickar en ny fil."
                )
            }
            Next::CorrectFile => {
                "Rätta det som listas nedan i det skoladministrativa systemet och skicka filen igen.".to_owned()
            }
            Next::SendWhole(roster) => {
                let roster = roster.as_ref().map_or_else(|| "den här importfilen".to_owned(), |id| format!("importfil {id}"));
                format!(
                    "Kontrollera om exporten eller överföringen avbröts och skicka en fullständig fil. Bara kunden kan säga \
                     att den här är fullständig; då registrerar supporten beslutet (vem hos kunden, vem hos supporten och \
                     varför) för just {roster}."
                )
            }
            Next::SendWithoutNewCourses(opens) => format!(
                "Skicka en importfil utan det nya läsårets kurser fram till {}, eller be supporten att hålla inne dem.",
                self.date(*opens)
            ),
            Next::RemoveCause => "Supporten åtgärdar orsaken och kör importen igen.".to_owned(),
            Next::LookForFile => {
                "Kontrollera om det skoladministrativa systemet har skapat filen och om den har överförts. Nästa \
                 körning läser in den automatiskt."
                    .to_owned()
            }
        }
    }

    fn note_title(&self, note: &Note<'_>) -> &'static str {
        match note {
            Note::Deletes { .. } => LABELS.postponed,
            Note::Courses { .. } => LABELS.held,
            Note::NotReleased(_) => LABELS.not_released,
            Note::SecondAccounts { .. } => "Möjliga dubbelkonton",
            Note::CoursesGone { .. } => "Kurser utan grupp i importfilen",
        }
    }

    fn note(&self, note: &Note<'_>) -> String {
        match note {
            Note::Deletes { count, kinds, time } => {
                let until = self.date(time.until);
                let deletes = self.counted(*count, ("borttagning", "borttagningar"));
                let wait = if time.accepted { "väntar" } else { "skulle ha väntat" };
                let kinds: Vec<String> =
                    kinds.iter().map(|(kind, count)| self.counted(*count, self.kind(*kind))).collect();
                format!(
                    "Det här är planerat och inget fel: {deletes} ({}) {wait} till och med {until}, eftersom fördröjd \
                     borttagning är på. Till dess finns allt kvar i lärplattformen. Därefter tas det bort, om filtret \
                     släpper igenom det. Det som då finns i importfilen igen behålls.",
                    self.listed(&kinds)
                )
            }
            Note::Courses { count, start_known, time } => {
                let until = self.date(time.until);
                let courses = self.counted(*count, COURSE);
                let held = if time.accepted { "hålls inne" } else { "skulle ha hållits inne" };
                if *start_known {
                    format!(
                        "Det här är planerat och inget fel: {courses} {held} till {until}, läsårets första dag. Från \
                         och med då kommer de med automatiskt."
                    )
                } else {
                    format!(
                        "{courses} {held} till {until}, eftersom läsårets första dag inte är känd. Supporten lägger in \
                         den i kundens kalender; från den dagen kommer kurserna med automatiskt."
                    )
                }
            }
            Note::NotReleased(count) => {
                let changes = self.counted(*count, ("ändring", "ändringar"));
                format!(
                    "Ett beslut släppte fram en del av importfilen. {changes} hålls inne, och där är lärplattformen \
                     som förut. Filtret prövar resten i nästa körning; ett nytt beslut kan släppa fram den."
                )
            }
            Note::SecondAccounts { count, customer, accepted } => {
                let students = self.counted(*count, ("elev", "elever"));
                let made = if *accepted { "har lagt till" } else { "skulle ha lagt till" };
                format!(
                    "{students} i lärplattformen saknar synkroniseringsnyckel och liknar en som den här körningen \
                     {made}: troligen ett extra konto för samma person. Supporten ser vem det gäller med \
                     `rollover customer keys {customer}`. Fråga skolan och hantera varje konto för sig."
                )
            }
            Note::CoursesGone { count, end, titles, more } => {
                let courses = self.counted(*count, self.kind(Kind::Course));
                let what = match end {
                    CourseEnd::Archived => {
                        "togs loss från hierarkin och arkiverades; deltagarna har kvar sin åtkomst"
                    }
                    CourseEnd::Detached => "togs loss från hierarkin och lever vidare som manuella kurser",
                };
                format!("{courses} {what}: {}.", self.listed_with_more(titles, *more, "till"))
            }
        }
    }

    fn decision(&self, number: i64) -> String {
        format!("nummer {number} om filtret, förbrukat av den här körningen")
    }

    fn breach(&self, breach: &Breach) -> String {
        let change = match breach.action {
            Action::Create => "lagts till",
            Action::Update => "uppdaterats",
            Action::Delete => "tagits bort",
        };
        let mut text = format!("{} skulle ha {change}", self.counted(breach.count, self.kind(breach.kind)));
        if breach.of > 0 {
            let share = self.share(breach.count, breach.of);
            text.push_str(&format!(" ({share}\u{a0}% av {})", self.number(breach.of)));
        }
        text.push_str(&match self.limit(breach.limit) {
            (Some(max), Some(percent)) => format!("; gränserna är {max} och {percent}\u{a0}%"),
            (Some(max), None) => format!("; gränsen är {max}"),
            (None, Some(percent)) => format!("; gränsen är {percent}\u{a0}%"),
            (None, None) => String::new(),
        });
        text
    }

    fn cause(&self, cause: &Cause) -> String {
        sentence(&match cause {
            Cause::KindMissing { kind } => format!("importfilen har inga {}", self.kind(*kind).1),
            Cause::SchoolsMissing { action, schools, missing, count, of } => {
                let schools_missing = match *missing {
                    1 => "en skola saknas helt i importfilen".to_owned(),
                    many => format!("{} skolor saknas helt i importfilen", self.in_words(many)),
                };
                let more = missing.saturating_sub(schools.len() as u64);
                format!(
                    "{schools_missing}: {}. Dit hör {} av {} {}",
                    self.listed_with_more(schools, more, "till"),
                    self.number(*count),
                    self.number(*of),
                    several(*action)
                )
            }
            Cause::OneClass { kind, action, class, school, count } => {
                let class =
                    school.as_ref().map_or_else(|| class.clone(), |school| self.class_at(class, school));
                let kinds = self.kind(*kind).1;
                format!(
                    "alla {} {} av {kinds} gäller en enda klass: {class}",
                    self.number(*count),
                    several(*action)
                )
            }
            Cause::FewSchools { action, schools, count, of } => {
                let share = self.part(*count, *of, *action);
                let (number, noun) = match schools.len() as u64 {
                    1 => ("en".to_owned(), "skola"),
                    many => (self.in_words(many), "skolor"),
                };
                format!("{share} gäller {number} {noun}: {}", self.listed(schools))
            }
            Cause::Rekeyed { kind, counts } => self.rekeyed(*kind, counts),
            Cause::SchoolYear { course_memberships, deletes } => format!(
                "det här liknar ett läsårsskifte: {} gäller medlemskap i kurser",
                self.part(*course_memberships, *deletes, Action::Delete)
            ),
            Cause::OneSort { action, sort, count, of } => {
                format!("{} är av samma slag: {sort}", self.part(*count, *of, *action))
            }
            Cause::SameFields { fields, count, of } => {
                format!("{} ändrar bara {}", self.part(*count, *of, Action::Update), self.listed(fields))
            }
        })
    }

    fn class_at(&self, class: &str, school: &str) -> String {
        format!("{class} på {school}")
    }

    fn profile(&self, profile: &Profile) -> String {
        match profile {
            Profile::Student => "Elever",
            Profile::Staff => "Personal",
            Profile::Administrator => "Administratörer",
            Profile::Guest => "Gäster",
            Profile::Parent => "Vårdnadshavare",
            Profile::Aicc => "AICC",
            Profile::Custom(name) => name,
        }
        .to_owned()
    }

    fn in_groups(&self, of: Role) -> String {
        format!("{} i grupper", role(of))
    }

    fn in_courses(&self, of: Role) -> String {
        format!("{} i kurser", role(of))
    }

    fn departure(&self, leniency: Leniency) -> Departure {
        departure(leniency)
    }

    fn times(&self, count: u64) -> String {
        self.counted(count, ("gång", "gånger"))
    }

    fn place(&self, line: u64, column: u64) -> String {
        format!("rad {line}, kolumn {column}")
    }

    fn more_errors(&self, count: u64) -> String {
        format!("och {}", self.counted(count, ("fel till", "fel till")))
    }
}

impl Swedish {
    fn completed(&self, applied: &Applied) -> String {
        let Applied { created, updated, deleted, unchanged } = *applied;
        let total = created + updated + deleted;
        let mut text = if total == 0 {
            "Importfilen har lästs in. Ingenting behövde ändras i lärplattformen.".to_owned()
        } else {
            format!(
                "Importfilen har lästs in och {} har gjorts i lärplattformen: {} tillagda, {} uppdaterade och {} \
                 borttagna.",
                self.counted(total, ("ändring", "ändringar")),
                self.number(created),
                self.number(updated),
                self.number(deleted)
            )
        };
        // After a run that was interrupted (DOMAIN I5), or for members of a course that was archived or detached (C2).
        if unchanged > 0 {
            let further = self.counted(unchanged, ("ändring till", "ändringar till"));
            text.push_str(&format!(" {further} krävde ingen egen uppdatering."));
        }
        text
    }

    fn in_words(&self, number: u64) -> String {
        const WORDS: [&str; 10] = ["en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio"];
        self.in_words_of(number, WORDS)
    }

    /// As `92 % av borttagningarna`, and of all as `alla borttagningar`.
    fn part(&self, count: u64, of: u64, action: Action) -> String {
        match self.percent(count, of) {
            None => format!("alla {}", several(action)),
            Some(percent) => format!("{percent}\u{a0}% av {}", these(action)),
        }
    }

    fn rekeyed(&self, kind: Kind, counts: &RekeyedCounts) -> String {
        let RekeyedCounts { deletes, creates, certain, likely, unsure } = *counts;
        let classes =
            [(certain, ("säker", "säkra")), (likely, ("trolig", "troliga")), (unsure, ("osäker", "osäkra"))];
        let told: Vec<String> = classes
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, of)| self.counted(count, of))
            .collect();
        format!(
            "{} och {} verkar gälla samma {} under en ny nyckel: {}",
            self.counted(deletes, ("borttagning", "borttagningar")),
            self.counted(creates, ("tillägg", "tillägg")),
            self.kind(kind).1,
            self.listed(&told)
        )
    }
}

const fn several(action: Action) -> &'static str {
    match action {
        Action::Create => "tillägg",
        Action::Update => "uppdateringar",
        Action::Delete => "borttagningar",
    }
}

const fn these(action: Action) -> &'static str {
    match action {
        Action::Create => "tilläggen",
        Action::Update => "uppdateringarna",
        Action::Delete => "borttagningarna",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Learner => "Elever",
        Role::Instructor => "Lärare",
        Role::ContentDeveloper => "Innehållsutvecklare",
        Role::Member => "Medlemmar",
        Role::Manager => "Ledare",
        Role::Mentor => "Mentorer",
        Role::Administrator => "Administratörer",
        Role::Assistant => "Assistenter",
    }
}

const fn departure(leniency: Leniency) -> Departure {
    let (what, ask) = match leniency {
        Leniency::WrongCase => (
            "ord med fel stora och små bokstäver tolkades som de var menade",
            "skriva formatets ord med de stora och små bokstäver som formatet har",
        ),
        Leniency::UnknownParent => (
            "grupper med okänd överordnad grupp lades högst upp",
            "skicka med alla grupper som anges som överordnade en annan",
        ),
        Leniency::DanglingReferences => (
            "hänvisningar till sådant som inte finns i filen utelämnades",
            "bara skicka medlemmar, anhöriga och terminer som finns i samma fil",
        ),
        Leniency::ConflictingRecords => (
            "av olika poster med samma nyckel gällde den sista",
            "skicka varje nyckel en gång, med en uppsättning uppgifter",
        ),
        Leniency::SharedLogins => (
            "av personer med samma användarnamn fick den första behålla det",
            "ge varje person ett eget användarnamn",
        ),
        Leniency::UnknownRoles => ("okända roller lästes som medlem", "använda formatets roller"),
        Leniency::LongTexts => ("texter som var för långa kortades", "hålla texterna inom formatets längder"),
        Leniency::BadDates => {
            ("ogiltiga datum utelämnades", "skriva giltiga datum som ÅÅÅÅ-MM-DD, eller utelämna dem")
        }
        Leniency::BadLevels => ("ogiltiga nivåer lästes som 2", "ange gruppens nivå som ett heltal"),
        Leniency::UnknownStatus => ("okända statusar lästes som aktiv", "använda formatets statusar"),
        Leniency::StatusInactive => (
            "statusen inactive lästes som borttagen",
            "skicka tobedeleted i stället för inactive för det som ska bort",
        ),
        Leniency::DayFirstDates => ("datum lästes med dagen först", "skriva datum som ÅÅÅÅ-MM-DD"),
        Leniency::MisspeltHeaders => (
            "kolumnnamn som avviker från standarden tolkades som de var menade",
            "skriva kolumnerna som i standarden, i samma ordning",
        ),
        Leniency::MissingFile => (
            "filer som saknades räknades som utelämnade",
            "skicka med alla filer som manifestet utlovar, eller ange dem som absent där",
        ),
        Leniency::MissingManifest => ("manifestet saknades och ersattes", "skicka med manifest.csv"),
        Leniency::WrappingFolder => {
            ("mappen runt filerna hoppades över", "lägga filerna överst i ZIP-filen, utan mapp")
        }
        Leniency::OtherEncodings => ("filer i annan teckenkodning än UTF-8 lästes", "skriva filerna i UTF-8"),
        Leniency::LineBreaks => {
            ("radbrytningar i fält blev till mellanslag", "utelämna radbrytningar i fält")
        }
        Leniency::EmptyRequired => {
            ("obligatoriska värden som var tomma utelämnades", "fylla i alla obligatoriska kolumner")
        }
    };
    Departure { what, ask }
}
