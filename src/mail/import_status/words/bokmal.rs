//! The status mail in Norwegian bokmål.

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

pub(super) struct Bokmal;

const LABELS: Labels = Labels {
    code: "nb",
    next: "Neste steg",
    before: "før",
    after: "etter",
    difference: "endring",
    before_and_after: "Læringsplattformen før og etter",
    courses_active: "Kurs, aktive",
    courses_archived: "Kurs, arkiverte",
    changes: "Endringer",
    create: "opprettes",
    update: "oppdateres",
    delete: "slettes",
    planned: "I alt",
    postponed: "Utsatte slettinger",
    held: "Kurs som holdes tilbake",
    not_released: "Ikke frigitt",
    applied: "Gjennomført",
    limits: "Grenser i filteret som ville blitt overskredet",
    by_school: "Per skole",
    by_class: "Per klasse",
    by_sort: "Per profil eller rolle",
    elsewhere: "andre steder",
    conceded: "Avvik i filen som ble godtatt",
    about_conceded: "Dette følger ikke filformatet, men kundens innstillinger lar det passere.",
    ask: "Be leverandøren om å",
    errors: "Feil i filen",
    about_errors: "Beskrivelsene av feilene er på engelsk.",
    fix: "Slik rettes det",
    this_run: "Denne kjøringen",
    customer: "Kunde",
    roster: "Importfil",
    snapshot: "Avtrykk",
    start: "Start",
    end: "Slutt",
    duration: "Varighet",
    time_zone: "Tidssone",
    decision: "Beslutning",
};

const COURSE: Noun = ("nytt kurs", "nye kurs");

impl Words for Bokmal {
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
            "januar",
            "februar",
            "mars",
            "april",
            "mai",
            "juni",
            "juli",
            "august",
            "september",
            "oktober",
            "november",
            "desember",
        ]
    }

    fn weekdays(&self) -> [&'static str; 7] {
        ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"]
    }

    fn kind(&self, kind: Kind) -> Noun {
        match kind {
            Kind::Group => ("gruppe", "grupper"),
            Kind::Person => ("person", "personer"),
            Kind::Course => ("kurs", "kurs"),
            Kind::Membership => ("medlemskap", "medlemskap"),
        }
    }

    fn moment(&self, weekday: &str, date: &str, time: &str) -> String {
        format!("{weekday} {date} kl. {time}")
    }

    fn date_of(&self, day: u32, month: &str, year: i32) -> String {
        format!("{day}. {month} {year}")
    }

    fn spans(&self) -> (&'static str, &'static str) {
        ("t", "under ett sekund")
    }

    fn others(&self, count: u64) -> String {
        self.counted(count, ("annen", "andre"))
    }

    fn and(&self) -> &'static str {
        "og"
    }

    fn verdict(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Completed => "Fullført",
            Outcome::Unchanged => "Uendret",
            Outcome::Aborted => "Stanset",
            Outcome::Failed => "Mislykket",
            Outcome::NoRoster => "Ingen importfil",
        }
    }

    fn subject(&self, outcome: Outcome, customer: &str) -> String {
        let said = match outcome {
            Outcome::Completed => "Importen er fullført",
            Outcome::Unchanged => "Import uten endringer",
            Outcome::Aborted => "Importen ble stanset",
            Outcome::Failed => "Importen mislyktes",
            Outcome::NoRoster => "Importfilen kom ikke",
        };
        format!("{said} – {customer}")
    }

    fn title(&self, customer: &str) -> String {
        format!("Import for {customer}")
    }

    fn details_of(&self, run: i64) -> String {
        format!("Mer om kjøring {run}:")
    }

    fn open_run(&self, run: i64) -> String {
        format!("Åpne kjøring {run}")
    }

    fn footer(&self, customer: &str) -> String {
        format!(
            "Rollover sender denne e-posten etter hvert importforsøk for {customer}. Kommer det ingen e-post, er det \
             heller ikke gjort noe forsøk."
        )
    }

    fn happened(&self, happened: &Happened<'_>) -> String {
        match happened {
            Happened::Completed(applied) => self.completed(applied),
            Happened::Unchanged => "Importfilen er lik den forrige som ble lest inn.".to_owned(),
            Happened::Aborted(limits) => format!(
                "Filteret stanset importen fordi {} ville blitt overskredet.",
                self.counted(*limits, ("grense", "grenser"))
            ),
            Happened::Unreadable(errors) => {
                format!("Importfilen kan ikke leses: Den har {}.", self.counted(*errors, ("feil", "feil")))
            }
            Happened::TooEarly(courses) => format!(
                "Importen ble avvist: {} kom før skolestart, og kundens innstillinger avviser slike filer.",
                self.counted(*courses, COURSE)
            ),
            Happened::TooSmall(sizes) => format!(
                "Importen ble avvist: Importfilen er for liten til å være fullstendig. Den har {}.",
                self.all_shrunken(sizes)
            ),
            Happened::Failed(Some(why)) => {
                format!("Importen mislyktes. Årsaken er beskrevet på engelsk: {}", sentence(why))
            }
            Happened::Failed(None) => "Importen mislyktes. Årsaken står på siden for kjøringen.".to_owned(),
            Happened::NoRoster => {
                "Importfilen var ikke kommet da den skulle, så ingenting ble lest inn.".to_owned()
            }
        }
    }

    fn shrunken(&self, size: &Shrunken) -> String {
        let (count, of) = (self.counted(size.count, self.kind(size.kind)), self.number(size.of));
        format!("{count} (den forrige som ble lest inn, hadde {of})")
    }

    fn left(&self, left: Left) -> &'static str {
        match left {
            Left::InPart => {
                "Ikke noe mer ble gjennomført: Læringsplattformen har bare deler av en tidligere importfil, fordi en \
                 import ble avbrutt underveis. Neste fil som leses inn, retter opp dette."
            }
            Left::Unchanged => "Ingenting ble endret.",
            Left::AsItWas => "Læringsplattformen er som før.",
            Left::NothingApplied => "Ingenting ble gjennomført: Læringsplattformen er som før.",
        }
    }

    fn put_right(&self) -> &'static str {
        "Det som en tidligere, avbrutt import hadde etterlatt seg, er rettet opp."
    }

    fn next(&self, next: &Next) -> String {
        match next {
            Next::Nothing => "Du trenger ikke gjøre noe.".to_owned(),
            Next::NothingButWait => "Du trenger ikke gjøre noe. Det som venter, er planlagt: se nedenfor.".to_owned(),
            Next::NothingUnlessExpected => {
                "Du trenger ikke gjøre noe. Hvis du ventet endringer, bør du sjekke om det skoleadministrative systemet \
                 har laget en ny fil."
                    .to_owned()
            }
            Next::Decide(roster) => {
                let roster = roster.as_ref().map_or_else(|| "denne importfilen".to_owned(), |id| format!("importfil {id}"));
                format!(
                    "Bare kunden kan avgjøre om endringene er riktige. Er de riktige, registrerer support beslutningen \
                     (hvem hos kunden, hvem hos support, og hvorfor) for nøyaktig {roster}; den gjelder for én kjøring. \
                     Er de feil, retter kunden opplysningene i det skoleadministrative systemet og sender en ny fil."
                )
            }
            Next::CorrectFile => {
                "Rett det som er listet opp nedenfor i det skoleadministrative systemet, og send filen på nytt."
                    .to_owned()
            }
            Next::SendWhole(roster) => {
                let roster = roster.as_ref().map_or_else(|| "denne importfilen".to_owned(), |id| format!("importfil {id}"));
                format!(
                    "Sjekk om eksporten eller overføringen ble avbrutt, og send en fullstendig fil. Bare kunden kan si at \
                     denne er fullstendig; da registrerer support beslutningen (hvem hos kunden, hvem hos support, og \
                     hvorfor) for nøyaktig {roster}."
                )
            }
            Next::SendWithoutNewCourses(opens) => format!(
                "Send en importfil uten kursene for det nye skoleåret frem til {}, eller be support om å holde dem \
                 tilbake.",
                self.date(*opens)
            ),
            Next::RemoveCause => "Support retter årsaken og kjører importen på nytt.".to_owned(),
            Next::LookForFile => {
                "Sjekk om det skoleadministrative systemet har laget filen, og om den ble overført. Neste kjøring leser \
                 den inn automatisk."
                    .to_owned()
            }
        }
    }

    fn note_title(&self, note: &Note<'_>) -> &'static str {
        match note {
            Note::Deletes { .. } => LABELS.postponed,
            Note::Courses { .. } => LABELS.held,
            Note::NotReleased(_) => LABELS.not_released,
            Note::SecondAccounts { .. } => "Mulige dobbeltkontoer",
            Note::CoursesGone { .. } => "Kurs uten gruppe i importfilen",
        }
    }

    fn note(&self, note: &Note<'_>) -> String {
        match note {
            Note::Deletes { count, kinds, time } => {
                let until = self.date(time.until);
                let deletes = self.counted(*count, ("sletting", "slettinger"));
                let wait = if time.accepted { "venter" } else { "ville ventet" };
                let kinds: Vec<String> =
                    kinds.iter().map(|(kind, count)| self.counted(*count, self.kind(*kind))).collect();
                format!(
                    "Dette er planlagt og ingen feil: {deletes} ({}) {wait} til og med {until}, fordi utsatt sletting \
                     er slått på. Frem til da blir alt dette liggende på læringsplattformen. Deretter blir det slettet \
                     hvis filteret slipper det gjennom. Det som er tilbake i importfilen innen da, blir beholdt.",
                    self.listed(&kinds)
                )
            }
            Note::Courses { count, start_known, time } => {
                let until = self.date(time.until);
                let courses = self.counted(*count, COURSE);
                let held = if time.accepted { "holdes tilbake" } else { "ville blitt holdt tilbake" };
                if *start_known {
                    format!(
                        "Dette er planlagt og ingen feil: {courses} {held} til {until}, første dag i skoleåret. Fra da \
                         av kommer de med automatisk."
                    )
                } else {
                    format!(
                        "{courses} {held} til {until}, fordi første dag i skoleåret ikke er kjent. Support legger den \
                         inn i kundens kalender; fra den dagen kommer kursene med automatisk."
                    )
                }
            }
            Note::NotReleased(count) => {
                let changes = self.counted(*count, ("endring", "endringer"));
                format!(
                    "En beslutning frigav en del av importfilen. {changes} holdes tilbake, og der er læringsplattformen \
                     som før. Filteret vurderer resten i neste kjøring; en ny beslutning kan frigi den."
                )
            }
            Note::SecondAccounts { count, customer, accepted } => {
                let elev = self.counted(*count, ("elev", "elever"));
                let made = if *accepted { "har opprettet" } else { "ville opprettet" };
                format!(
                    "{elev} på læringsplattformen mangler synkroniseringsnøkkel og ligner på en som denne kjøringen \
                     {made}: trolig en ekstra konto for samme person. Support ser hvem det gjelder med \
                     `rollover customer keys {customer}`. Spør skolen, og behandle hver konto for seg."
                )
            }
            Note::CoursesGone { count, end, titles, more } => {
                let courses = self.counted(*count, self.kind(Kind::Course));
                let what = match end {
                    CourseEnd::Archived => {
                        "ble løsrevet fra hierarkiet og arkivert; deltakerne har fortsatt tilgang"
                    }
                    CourseEnd::Detached => "ble løsrevet fra hierarkiet og lever videre som manuelle kurs",
                };
                format!("{courses} {what}: {}.", self.listed_with_more(titles, *more, "til"))
            }
        }
    }

    fn decision(&self, number: i64) -> String {
        format!("nummer {number} om filteret, brukt opp av denne kjøringen")
    }

    fn breach(&self, breach: &Breach) -> String {
        let change = match breach.action {
            Action::Create => "opprettet",
            Action::Update => "oppdatert",
            Action::Delete => "slettet",
        };
        let mut text = format!("{} ville blitt {change}", self.counted(breach.count, self.kind(breach.kind)));
        if breach.of > 0 {
            let share = self.share(breach.count, breach.of);
            text.push_str(&format!(" ({share}\u{a0}% av {})", self.number(breach.of)));
        }
        text.push_str(&match self.limit(breach.limit) {
            (Some(max), Some(percent)) => format!("; grensene er {max} og {percent}\u{a0}%"),
            (Some(max), None) => format!("; grensen er {max}"),
            (None, Some(percent)) => format!("; grensen er {percent}\u{a0}%"),
            (None, None) => String::new(),
        });
        text
    }

    fn cause(&self, cause: &Cause) -> String {
        sentence(&match cause {
            Cause::KindMissing { kind } => format!("importfilen har ingen {}", self.kind(*kind).1),
            Cause::SchoolsMissing { action, schools, missing, count, of } => {
                let schools_missing = match *missing {
                    1 => "én skole mangler helt i importfilen".to_owned(),
                    many => format!("{} skoler mangler helt i importfilen", self.in_words(many)),
                };
                let more = missing.saturating_sub(schools.len() as u64);
                format!(
                    "{schools_missing}: {}. Dit hører {} av {} {}",
                    self.listed_with_more(schools, more, "til"),
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
                    "alle de {} {} av {kinds} gjelder én klasse: {class}",
                    self.number(*count),
                    these(*action)
                )
            }
            Cause::FewSchools { action, schools, count, of } => {
                let share = self.part(*count, *of, *action);
                let (number, noun) = match schools.len() as u64 {
                    1 => ("én".to_owned(), "skole"),
                    many => (self.in_words(many), "skoler"),
                };
                format!("{share} gjelder {number} {noun}: {}", self.listed(schools))
            }
            Cause::Rekeyed { kind, counts } => self.rekeyed(*kind, counts),
            Cause::SchoolYear { course_memberships, deletes } => format!(
                "dette ligner et skoleårsskifte: {} gjelder medlemskap i kurs",
                self.part(*course_memberships, *deletes, Action::Delete)
            ),
            Cause::OneSort { action, sort, count, of } => {
                format!("{} er av samme slag: {sort}", self.part(*count, *of, *action))
            }
            Cause::SameFields { fields, count, of } => {
                format!("{} endrer bare {}", self.part(*count, *of, Action::Update), self.listed(fields))
            }
        })
    }

    fn class_at(&self, class: &str, school: &str) -> String {
        format!("{class} ved {school}")
    }

    fn profile(&self, profile: &Profile) -> String {
        match profile {
            Profile::Student => "Elever",
            Profile::Staff => "Ansatte",
            Profile::Administrator => "Administratorer",
            Profile::Guest => "Gjester",
            Profile::Parent => "Foresatte",
            Profile::Aicc => "AICC",
            Profile::Custom(name) => name,
        }
        .to_owned()
    }

    fn in_groups(&self, of: Role) -> String {
        format!("{} i grupper", role(of))
    }

    fn in_courses(&self, of: Role) -> String {
        format!("{} i kurs", role(of))
    }

    fn departure(&self, leniency: Leniency) -> Departure {
        departure(leniency)
    }

    fn times(&self, count: u64) -> String {
        self.counted(count, ("gang", "ganger"))
    }

    fn place(&self, line: u64, column: u64) -> String {
        format!("linje {line}, kolonne {column}")
    }

    fn more_errors(&self, count: u64) -> String {
        format!("og {}", self.counted(count, ("feil til", "feil til")))
    }
}

impl Bokmal {
    fn completed(&self, applied: &Applied) -> String {
        let Applied { created, updated, deleted, unchanged } = *applied;
        let total = created + updated + deleted;
        let mut text = if total == 0 {
            "Importfilen er lest inn. Ingenting måtte endres på læringsplattformen.".to_owned()
        } else {
            format!(
                "Importfilen er lest inn, og {} er gjort på læringsplattformen: {} opprettet, {} oppdatert og {} \
                 slettet.",
                self.counted(total, ("endring", "endringer")),
                self.number(created),
                self.number(updated),
                self.number(deleted)
            )
        };
        // After a run that was interrupted (DOMAIN I5), or for members of a course that was archived or detached (C2).
        if unchanged > 0 {
            let further = self.counted(unchanged, ("endring til", "endringer til"));
            text.push_str(&format!(" {further} krevde ingen egen oppdatering."));
        }
        text
    }

    fn in_words(&self, number: u64) -> String {
        const WORDS: [&str; 10] = ["én", "to", "tre", "fire", "fem", "seks", "sju", "åtte", "ni", "ti"];
        self.in_words_of(number, WORDS)
    }

    /// As `92 % av slettingene`, and of all as `alle slettingene`.
    fn part(&self, count: u64, of: u64, action: Action) -> String {
        let these = these(action);
        match self.percent(count, of) {
            None => format!("alle {these}"),
            Some(percent) => format!("{percent}\u{a0}% av {these}"),
        }
    }

    fn rekeyed(&self, kind: Kind, counts: &RekeyedCounts) -> String {
        let RekeyedCounts { deletes, creates, certain, likely, unsure } = *counts;
        let classes = [
            (certain, ("sikker", "sikre")),
            (likely, ("sannsynlig", "sannsynlige")),
            (unsure, ("usikker", "usikre")),
        ];
        let told: Vec<String> = classes
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, of)| self.counted(count, of))
            .collect();
        format!(
            "{} og {} ser ut til å gjelde de samme {} under en ny nøkkel: {}",
            self.counted(deletes, ("sletting", "slettinger")),
            self.counted(creates, ("opprettelse", "opprettelser")),
            match kind {
                Kind::Group => "gruppene",
                Kind::Person => "personene",
                Kind::Course => "kursene",
                Kind::Membership => "medlemskapene",
            },
            self.listed(&told)
        )
    }
}

const fn several(action: Action) -> &'static str {
    match action {
        Action::Create => "opprettelser",
        Action::Update => "oppdateringer",
        Action::Delete => "slettinger",
    }
}

const fn these(action: Action) -> &'static str {
    match action {
        Action::Create => "opprettelsene",
        Action::Update => "oppdateringene",
        Action::Delete => "slettingene",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Learner => "Elever",
        Role::Instructor => "Lærere",
        Role::ContentDeveloper => "Innholdsutviklere",
        Role::Member => "Medlemmer",
        Role::Manager => "Ledere",
        Role::Mentor => "Mentorer",
        Role::Administrator => "Administratorer",
        Role::Assistant => "Assistenter",
    }
}

const fn departure(leniency: Leniency) -> Departure {
    let (what, ask) = match leniency {
        Leniency::WrongCase => (
            "ord med feil store og små bokstaver ble tolket slik de var ment",
            "skrive formatets ord med de store og små bokstavene som formatet har",
        ),
        Leniency::UnknownParent => (
            "grupper med ukjent overordnet gruppe ble lagt øverst",
            "sende med alle grupper som er oppgitt som overordnet en annen",
        ),
        Leniency::DanglingReferences => (
            "henvisninger til noe som ikke er i filen, ble utelatt",
            "bare sende medlemmer, pårørende og terminer som er med i samme fil",
        ),
        Leniency::ConflictingRecords => (
            "av ulike oppføringer med samme nøkkel gjaldt den siste",
            "sende hver nøkkel én gang, med ett sett opplysninger",
        ),
        Leniency::SharedLogins => {
            ("av personer med samme brukernavn beholdt den første det", "gi hver person et eget brukernavn")
        }
        Leniency::UnknownRoles => ("ukjente roller ble lest som medlem", "bruke rollene i formatet"),
        Leniency::LongTexts => {
            ("tekster som var for lange, ble kuttet", "holde tekstene innenfor lengdene i formatet")
        }
        Leniency::BadDates => {
            ("ugyldige datoer ble utelatt", "skrive gyldige datoer som ÅÅÅÅ-MM-DD, eller utelate dem")
        }
        Leniency::BadLevels => ("ugyldige nivåer ble lest som 2", "oppgi gruppens nivå som et helt tall"),
        Leniency::UnknownStatus => ("ukjente statuser ble lest som aktiv", "bruke statusene i formatet"),
        Leniency::StatusInactive => (
            "statusen inactive ble lest som slettet",
            "sende tobedeleted i stedet for inactive for det som skal bort",
        ),
        Leniency::DayFirstDates => ("datoer ble lest med dagen først", "skrive datoer som ÅÅÅÅ-MM-DD"),
        Leniency::MisspeltHeaders => (
            "kolonnenavn som avviker fra standarden, ble tolket slik de var ment",
            "skrive kolonnene slik standarden gjør, i samme rekkefølge",
        ),
        Leniency::MissingFile => (
            "filer som manglet, ble regnet som utelatt",
            "legge ved alle filer som manifestet lover, eller føre dem opp som absent der",
        ),
        Leniency::MissingManifest => ("manifestet manglet og ble erstattet", "legge ved manifest.csv"),
        Leniency::WrappingFolder => {
            ("mappen rundt filene ble oversett", "legge filene øverst i ZIP-filen, uten mappe")
        }
        Leniency::OtherEncodings => ("filer i annen tegnkoding enn UTF-8 ble lest", "skrive filene i UTF-8"),
        Leniency::LineBreaks => ("linjeskift i felter ble til mellomrom", "utelate linjeskift i felter"),
        Leniency::EmptyRequired => {
            ("påkrevde verdier som var tomme, ble utelatt", "fylle ut alle påkrevde kolonner")
        }
    };
    Departure { what, ask }
}
