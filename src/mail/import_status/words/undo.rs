//! What the status mail says, in each language, of a run that takes another back and of a roster that was undone.

use super::{Words, bokmal::Bokmal, english::English, swedish::Swedish};
use crate::mail::import_status::{
    problems::sentence,
    undo::{UndoHappened, UndoNext},
};
use rollover_jobs::ports::{Applied, Outcome};

pub(in crate::mail::import_status) trait UndoWords {
    /// Of an undo that ended so.
    fn undo_verdict(&self, outcome: Outcome) -> &'static str;
    fn undo_subject(&self, outcome: Outcome, customer: &str) -> String;
    fn undo_title(&self, customer: &str) -> String;
    fn undo_happened(&self, happened: &UndoHappened<'_>) -> String;
    fn undo_next(&self, next: &UndoNext<'_>) -> String;
    fn undo_decision(&self, number: i64) -> String;
}

impl UndoWords for English {
    fn undo_verdict(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Completed => "Undone",
            Outcome::Aborted => "Undo aborted",
            Outcome::Unchanged | Outcome::Failed | Outcome::NoRoster => "Undo failed",
        }
    }

    fn undo_subject(&self, outcome: Outcome, customer: &str) -> String {
        let said = match outcome {
            Outcome::Completed => "An import was undone",
            Outcome::Aborted => "The undo of an import was aborted",
            Outcome::Unchanged | Outcome::Failed | Outcome::NoRoster => "The undo of an import failed",
        };
        format!("{said} – {customer}")
    }

    fn undo_title(&self, customer: &str) -> String {
        format!("Undo of an import of {customer}")
    }

    fn undo_happened(&self, happened: &UndoHappened<'_>) -> String {
        match happened {
            UndoHappened::Undone { run, applied } => {
                let Applied { created, updated, deleted, .. } = applied;
                format!(
                    "Run {run} was undone: what it had changed at the site was changed back, with {} created, {} updated, {} \
                     deleted.",
                    self.number(*created),
                    self.number(*updated),
                    self.number(*deleted)
                )
            }
            UndoHappened::Aborted { run, limits } => format!(
                "The Filter stopped the undo of run {run} because {} would be broken.",
                self.counted(*limits, ("limit", "limits"))
            ),
            UndoHappened::Failed { run, why: Some(why) } => {
                format!("Run {run} was not undone. {}", sentence(why))
            }
            UndoHappened::Failed { run, why: None } => {
                format!("Run {run} was not undone. The reason stands on this run's page.")
            }
            UndoHappened::Refused { roster, run, undone_by } => format!(
                "The roster was not taken in: it is roster {roster} of run {run}, which run {undone_by} has undone."
            ),
        }
    }

    fn undo_next(&self, next: &UndoNext<'_>) -> String {
        match next {
            UndoNext::SendAnother { run } => format!(
                "Correct the data in the MIS and send a new roster. The roster of run {run} is refused until another is \
                 taken in, or until support withdraws the decision."
            ),
            UndoNext::LiftLimits { run } => format!(
                "Only the customer can say whether run {run} is to be undone all the same. If it is, support undoes it \
                 with these limits lifted for that once; the decision of this attempt is used up."
            ),
            UndoNext::UndoAgain { run } => {
                format!(
                    "Support removes the cause. If run {run} is still to be undone, support has it undone again."
                )
            }
            UndoNext::SendOrWithdraw { decision, customer } => format!(
                "Correct the data in the MIS and send another roster. If this one is right after all, support withdraws \
                 decision {decision} (`rollover import withdraw {decision}`) and imports again (`rollover import run {customer}`)."
            ),
        }
    }

    fn undo_decision(&self, number: i64) -> String {
        format!("number {number} to undo a run, used up by this run")
    }
}

impl UndoWords for Bokmal {
    fn undo_verdict(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Completed => "Angret",
            Outcome::Aborted => "Angring stanset",
            Outcome::Unchanged | Outcome::Failed | Outcome::NoRoster => "Angring mislyktes",
        }
    }

    fn undo_subject(&self, outcome: Outcome, customer: &str) -> String {
        let said = match outcome {
            Outcome::Completed => "En import er angret",
            Outcome::Aborted => "Angring av en import ble stanset",
            Outcome::Unchanged | Outcome::Failed | Outcome::NoRoster => "Angring av en import mislyktes",
        };
        format!("{said} – {customer}")
    }

    fn undo_title(&self, customer: &str) -> String {
        format!("Angring av en import for {customer}")
    }

    fn undo_happened(&self, happened: &UndoHappened<'_>) -> String {
        match happened {
            UndoHappened::Undone { run, applied } => {
                let Applied { created, updated, deleted, .. } = applied;
                format!(
                    "Kjøring {run} er angret: Det den hadde endret på læringsplattformen, er endret tilbake, med {} opprettet, \
                     {} oppdatert, {} slettet.",
                    self.number(*created),
                    self.number(*updated),
                    self.number(*deleted)
                )
            }
            UndoHappened::Aborted { run, limits } => format!(
                "Filteret stanset angringen av kjøring {run} fordi {} ville blitt overskredet.",
                self.counted(*limits, ("grense", "grenser"))
            ),
            UndoHappened::Failed { run, why: Some(why) } => {
                format!("Kjøring {run} ble ikke angret. Årsaken er beskrevet på engelsk: {}", sentence(why))
            }
            UndoHappened::Failed { run, why: None } => {
                format!("Kjøring {run} ble ikke angret. Årsaken står på siden for denne kjøringen.")
            }
            UndoHappened::Refused { roster, run, undone_by } => format!(
                "Importfilen ble ikke lest inn: Det er importfil {roster} fra kjøring {run}, som kjøring {undone_by} har \
                 angret."
            ),
        }
    }

    fn undo_next(&self, next: &UndoNext<'_>) -> String {
        match next {
            UndoNext::SendAnother { run } => format!(
                "Rett opplysningene i det skoleadministrative systemet og send en ny fil. Importfilen fra kjøring {run} \
                 avvises til en annen er lest inn, eller til support trekker beslutningen tilbake."
            ),
            UndoNext::LiftLimits { run } => format!(
                "Bare kunden kan avgjøre om kjøring {run} likevel skal angres. Skal den det, angrer support den med disse \
                 grensene hevet for den ene gangen; beslutningen for dette forsøket er brukt opp."
            ),
            UndoNext::UndoAgain { run } => {
                format!(
                    "Support fjerner årsaken. Skal kjøring {run} fortsatt angres, angrer support den på nytt."
                )
            }
            UndoNext::SendOrWithdraw { decision, customer } => format!(
                "Rett opplysningene i det skoleadministrative systemet og send en annen fil. Er denne likevel riktig, \
                 trekker support beslutning {decision} tilbake (`rollover import withdraw {decision}`) og importerer på \
                 nytt (`rollover import run {customer}`)."
            ),
        }
    }

    fn undo_decision(&self, number: i64) -> String {
        format!("nummer {number} om å angre en kjøring, brukt opp av denne kjøringen")
    }
}

impl UndoWords for Swedish {
    fn undo_verdict(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Completed => "Ångrad",
            Outcome::Aborted => "Ångrandet stoppat",
            Outcome::Unchanged | Outcome::Failed | Outcome::NoRoster => "Ångrandet misslyckades",
        }
    }

    fn undo_subject(&self, outcome: Outcome, customer: &str) -> String {
        let said = match outcome {
            Outcome::Completed => "En import har ångrats",
            Outcome::Aborted => "Ångrandet av en import stoppades",
            Outcome::Unchanged | Outcome::Failed | Outcome::NoRoster => "Ångrandet av en import misslyckades",
        };
        format!("{said} – {customer}")
    }

    fn undo_title(&self, customer: &str) -> String {
        format!("Ångrad import för {customer}")
    }

    fn undo_happened(&self, happened: &UndoHappened<'_>) -> String {
        match happened {
            UndoHappened::Undone { run, applied } => {
                let Applied { created, updated, deleted, .. } = applied;
                format!(
                    "Körning {run} har ångrats: det som den hade ändrat i lärplattformen har ändrats tillbaka, med {} \
                     tillagda, {} uppdaterade, {} borttagna.",
                    self.number(*created),
                    self.number(*updated),
                    self.number(*deleted)
                )
            }
            UndoHappened::Aborted { run, limits } => format!(
                "Filtret stoppade ångrandet av körning {run} eftersom {} skulle ha överskridits.",
                self.counted(*limits, ("gräns", "gränser"))
            ),
            UndoHappened::Failed { run, why: Some(why) } => {
                format!("Körning {run} ångrades inte. Orsaken beskrivs på engelska: {}", sentence(why))
            }
            UndoHappened::Failed { run, why: None } => {
                format!("Körning {run} ångrades inte. Orsaken står på den här körningens sida.")
            }
            UndoHappened::Refused { roster, run, undone_by } => format!(
                "Importfilen lästes inte in: det är importfil {roster} från körning {run}, som körning {undone_by} har \
                 ångrat."
            ),
        }
    }

    fn undo_next(&self, next: &UndoNext<'_>) -> String {
        match next {
            UndoNext::SendAnother { run } => format!(
                "Rätta uppgifterna i det skoladministrativa systemet och skicka en ny fil. Importfilen från körning {run} \
                 avvisas tills en annan har lästs in, eller tills supporten drar tillbaka beslutet."
            ),
            UndoNext::LiftLimits { run } => format!(
                "Bara kunden kan avgöra om körning {run} ändå ska ångras. Ska den det ångrar supporten den med de här \
                 gränserna upphävda för den gången; beslutet för det här försöket är förbrukat."
            ),
            UndoNext::UndoAgain { run } => {
                format!(
                    "Supporten åtgärdar orsaken. Ska körning {run} fortfarande ångras ångrar supporten den på nytt."
                )
            }
            UndoNext::SendOrWithdraw { decision, customer } => format!(
                "Rätta uppgifterna i det skoladministrativa systemet och skicka en annan fil. Är den här ändå riktig drar \
                 supporten tillbaka beslut {decision} (`rollover import withdraw {decision}`) och importerar på nytt \
                 (`rollover import run {customer}`)."
            ),
        }
    }

    fn undo_decision(&self, number: i64) -> String {
        format!("nummer {number} om att ångra en körning, förbrukat av den här körningen")
    }
}
