//! Everything that a key can do. Keys, help, palette and context bar are all made from this one table.

/// Where on the screen the keyboard is: what a key means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Wherever nothing is being typed.
    Anywhere,
    /// The table of runs.
    Runs,
    /// The details of a run, beside the table.
    Details,
    /// The charts.
    Charts,
    /// The images.
    Images,
    /// The ablation table.
    Ablation,
    /// Machine and queue.
    System,
    /// A line that is being typed, or a list to choose from.
    Input,
}

impl Place {
    /// Every place, in the order of help.
    pub const ALL: [Self; 8] = [
        Self::Anywhere,
        Self::Runs,
        Self::Details,
        Self::Charts,
        Self::Images,
        Self::Ablation,
        Self::System,
        Self::Input,
    ];

    /// The name of its table in the key file.
    pub fn id(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Runs => "runs",
            Self::Details => "details",
            Self::Charts => "charts",
            Self::Images => "images",
            Self::Ablation => "ablation",
            Self::System => "system",
            Self::Input => "input",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Anywhere",
            Self::Runs => "Runs",
            Self::Details => "Details of a run",
            Self::Charts => "Charts",
            Self::Images => "Images",
            Self::Ablation => "Ablation",
            Self::System => "System and queue",
            Self::Input => "While typing or choosing",
        }
    }
}

/// An action as it is described.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// The action.
    pub action: Action,
    /// Its name in the key file.
    pub id: &'static str,
    /// Where it can be done.
    pub places: &'static [Place],
    /// The keys that do it unless a key file says otherwise.
    pub keys: &'static [&'static str],
    /// A word or two for the context bar; empty: not shown there.
    pub short: &'static str,
    /// One line for help and palette.
    pub doc: &'static str,
}

const ANYWHERE: &[Place] = &[Place::Anywhere];
const RUNS: &[Place] = &[Place::Runs];
const DETAILS: &[Place] = &[Place::Details];
const CHARTS: &[Place] = &[Place::Charts];
const IMAGES: &[Place] = &[Place::Images];
/// Where there can be more than has room.
const PAGED: &[Place] = &[Place::Charts, Place::Images];
const ABLATION: &[Place] = &[Place::Ablation];
const SYSTEM: &[Place] = &[Place::System];
const INPUT: &[Place] = &[Place::Input];
/// Where a run is at hand.
const RUN: &[Place] = &[Place::Runs, Place::Details, Place::System];

macro_rules! actions {
    ($($name:ident $id:literal $places:ident [$($key:literal),*] $short:literal $doc:literal;)+) => {
        /// Something that a key, the palette or the mouse can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $doc] $name),+
        }

        /// Every action, in the order of help and context bar.
        pub static ACTIONS: &[ActionInfo] = &[
            $(ActionInfo {
                action: Action::$name,
                id: $id,
                places: $places,
                keys: &[$($key),*],
                short: $short,
                doc: $doc,
            }),+
        ];
    };
}

actions! {
    Open "open" ANYWHERE ["enter"] "open" "go into what is selected: a run's details, a cell's runs, a group's members";
    Back "back" ANYWHERE ["esc"] "" "out again: leave a pane, a mode, a zoom, or a view that enter went into";
    Up "up" ANYWHERE ["k", "up"] "" "up; in charts the curve above";
    Down "down" ANYWHERE ["j", "down"] "" "down; in charts the curve below";
    Left "left" ANYWHERE ["h", "left"] "" "left: columns, the cursor of charts, an earlier step of images, a tab of details";
    Right "right" ANYWHERE ["l", "right"] "" "right: columns, the cursor of charts, a later step of images, a tab of details";
    PageUp "page-up" ANYWHERE ["ctrl-u", "pgup"] "" "a page up; in charts a tenth of the width to the left";
    PageDown "page-down" ANYWHERE ["ctrl-d", "pgdn"] "" "a page down; in charts a tenth of the width to the right";
    First "first" ANYWHERE ["g", "home"] "" "to the first";
    Last "last" ANYWHERE ["G", "end"] "" "to the last";
    Filter "filter" ANYWHERE ["/"] "filter" "filter runs with the query language, which completes with tab";
    ClearFilter "clear-filter" ANYWHERE ["\\"] "" "clear the filter: all runs again";
    Mark "mark" ANYWHERE ["space"] "mark" "mark or unmark: marked runs are what charts, images and differences show";
    MarkAll "mark-all" RUNS ["a"] "" "mark every run that is listed";
    Unmark "unmark" ANYWHERE ["u"] "" "unmark everything";
    Sort "sort" ANYWHERE ["s"] "sort" "sort runs by the next column";
    SortReverse "sort-reverse" ANYWHERE ["S"] "" "turn the order of runs round";
    Expand "expand" ANYWHERE ["e"] "" "expand: a group into its runs, one pane to the whole screen";
    NextPane "next-pane" ANYWHERE ["tab"] "" "to the next pane";
    PreviousPane "previous-pane" ANYWHERE ["shift-tab"] "" "to the previous pane";
    ViewRuns "runs" ANYWHERE ["1"] "" "show the runs";
    ViewCharts "charts" ANYWHERE ["2"] "" "show charts of the marked runs";
    ViewImages "images" ANYWHERE ["3"] "" "show images of the marked runs";
    ViewAblation "ablation" ANYWHERE ["4"] "" "show the ablation table";
    ViewSystem "system" ANYWHERE ["5"] "" "show machine, live runs and queue";
    Copy "copy" ANYWHERE ["y"] "copy" "copy the command that makes the run again (through the terminal, OSC 52)";
    Export "export" ANYWHERE ["x"] "export" "export this view to a file: SVG, PNG, PDF, CSV or LaTeX by its ending";
    Freeze "freeze" ANYWHERE ["f"] "" "freeze what is shown; again to follow the runs";
    Refresh "refresh" ANYWHERE ["ctrl-r"] "" "read everything anew";
    Redraw "redraw" ANYWHERE ["ctrl-l"] "" "draw the whole screen anew, images included";
    Palette "palette" ANYWHERE [":"] "palette" "find any action by its name";
    Help "help" ANYWHERE ["?"] "help" "all keys";
    Quit "quit" ANYWHERE ["q", "ctrl-c"] "quit" "leave; view, columns, filter and marks are kept";

    Group "group" RUNS ["b"] "group" "group runs that differ in their seed alone, or ungroup";
    GroupBy "group-by" RUNS ["B"] "" "group by settings of your choice";
    Columns "columns" RUNS ["c"] "columns" "choose columns";
    SortBy "sort-by" RUNS ["o"] "" "choose what to sort by";

    NextDifference "next-difference" DETAILS ["]"] "next diff" "to the next setting that differs from another marked run or from the default";
    PreviousDifference "previous-difference" DETAILS ["["] "" "to the previous such setting";

    Stop "stop" RUN ["t"] "stop" "ask the run to write a checkpoint and stop";
    Resume "resume" RUN ["r"] "resume" "continue the run from its last checkpoint";
    Retry "retry" RUN ["R"] "" "train the same experiment anew, as another run";
    Fork "fork" RUN ["F"] "" "fork the run: from a checkpoint on with other settings";
    Launch "launch" RUN ["n"] "new" "launch an experiment file, with changes";
    EditNote "note" RUN ["N"] "" "write a note about the run";
    EditTags "tags" RUN ["T"] "" "change the tags of the marked runs, or of this one";
    Archive "archive" RUN ["A"] "" "archive the marked runs, or this one: lists leave them out unless the filter says archived:true; again: bring back";
    Delete "delete" RUN ["D"] "" "delete the marked runs, or this one; asks, and says how many bytes";

    Metrics "metrics" CHARTS ["m"] "metrics" "choose metrics";
    Axis "axis" CHARTS ["a"] "x axis" "x axis: step, epoch, relative time, wall time";
    LogY "log-y" CHARTS ["L"] "log y" "logarithmic y axis";
    Smoother "smoother" CHARTS ["+", "="] "smooth" "smooth more";
    Rougher "rougher" CHARTS ["-"] "" "smooth less";
    Multiples "multiples" CHARTS ["M"] "multiples" "a panel for each metric, or all in one";
    Bands "bands" CHARTS ["b"] "group" "groups of seeds as their mean and a band of one standard deviation";
    ZoomIn "zoom-in" CHARTS ["z"] "zoom" "zoom in at the cursor";
    ZoomOut "zoom-out" CHARTS ["Z"] "" "zoom out";
    ZoomReset "zoom-reset" CHARTS ["0"] "" "show everything again";
    PanLeft "pan-left" CHARTS ["<", ","] "" "move the section to the left";
    PanRight "pan-right" CHARTS [">", "."] "" "move the section to the right";

    NextPage "next-page" PAGED ["]"] "" "to the panels or runs that have no room, a screen at a time";
    PreviousPage "previous-page" PAGED ["["] "" "back to the panels or runs before";

    Blink "blink" IMAGES ["b"] "blink" "blink: two runs alternate in the same cells; hold the key";
    Wipe "wipe" IMAGES ["w"] "wipe" "wipe: one run to the left of a border, another to the right";
    WipeLeft "wipe-left" IMAGES ["<", ","] "" "move the border to the left";
    WipeRight "wipe-right" IMAGES [">", "."] "" "move the border to the right";
    Difference "difference" IMAGES ["d"] "difference" "absolute difference: of output and target, of the first two runs, or off";
    Loupe "loupe" IMAGES ["z"] "loupe" "loupe: magnify the same spot in every image, 2, 4 and 8 times";
    LoupeLeft "loupe-left" IMAGES ["H"] "" "move the loupe left";
    LoupeDown "loupe-down" IMAGES ["J"] "" "move the loupe down";
    LoupeUp "loupe-up" IMAGES ["K"] "" "move the loupe up";
    LoupeRight "loupe-right" IMAGES ["L"] "" "move the loupe right";
    Roles "roles" IMAGES ["c"] "rows" "choose rows: input, output, target, ...";
    Turn "turn" IMAGES ["v"] "turn" "runs in rows instead of columns, or back: whichever makes the images larger";
    Protocol "protocol" IMAGES ["P"] "protocol" "how images are drawn: half-blocks, Kitty, iTerm2, Sixel";
    Budget "budget" IMAGES ["Q"] "" "quality for slow links: full, half, quarter";

    Rows "rows" ABLATION ["r"] "rows" "choose what the rows are";
    Cols "cols" ABLATION ["c"] "columns" "choose what the columns are";
    Measure "measure" ABLATION ["m"] "metric" "choose the metric";
    Baseline "baseline" ABLATION ["b"] "baseline" "make this cell the baseline, or have none";
    QueueCell "queue-cell" ABLATION ["n"] "queue" "queue what this cell is missing";
    QueueAll "queue-all" ABLATION ["N"] "" "queue what any cell is missing";

    Earlier "earlier" SYSTEM ["K"] "earlier" "move the queued run up";
    Later "later" SYSTEM ["J"] "later" "move the queued run down";
    Work "work" SYSTEM ["w"] "work" "begin to train what is queued";

    Accept "accept" INPUT ["enter"] "ok" "accept";
    Cancel "cancel" INPUT ["esc", "ctrl-c"] "cancel" "leave it as it was";
    Complete "complete" INPUT ["tab"] "complete" "complete the word; in lists pick or unpick";
    NextItem "next-item" INPUT ["down", "ctrl-n"] "" "the next proposal, item or line";
    PreviousItem "previous-item" INPUT ["up", "ctrl-p"] "" "the previous proposal, item or line";
    DeleteWord "delete-word" INPUT ["ctrl-w"] "" "delete the word before the cursor";
    ClearLine "clear-line" INPUT ["ctrl-u"] "" "delete everything before the cursor";
    LineStart "line-start" INPUT ["home", "ctrl-a"] "" "to the start of the line";
    LineEnd "line-end" INPUT ["end", "ctrl-e"] "" "to the end of the line";
}

impl Action {
    /// Its description.
    pub fn info(self) -> &'static ActionInfo {
        // The table has an entry for every action: the same macro makes both.
        &ACTIONS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_in_order_and_names_are_unique() {
        let mut ids = BTreeSet::new();
        for (at, info) in ACTIONS.iter().enumerate() {
            assert_eq!(info.action as usize, at);
            assert!(ids.insert(info.id), "{} twice", info.id);
            assert!(!info.doc.is_empty() && !info.places.is_empty(), "{}", info.id);
            assert!(info.short.chars().count() <= 12, "{}", info.short);
        }
    }
}
