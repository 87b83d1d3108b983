# Scores of an immunarch list, by the command line of Reperio. Base R alone; nothing to install but `pip install reperio`.
#
#   source("immunarch.R")
#   immdata <- immunarch::repLoad("exports/")
#   scores <- reperio_scores(immdata, "run")           # "run" is what `reperio train` or `reperio.train` wrote
#   immdata$meta <- merge(immdata$meta, scores, by = "Sample", all.x = TRUE)
#
# immdata: a list with `data`, data frames by sample as immunarch makes them (Clones, CDR3.aa, V.name, J.name).
# model:   a run folder or a model file.
# Returns a data frame with one row per sample: Sample, logit, probability, class and the other columns of `reperio score`.
reperio_scores <- function(immdata, model, program = "reperio") {
  stopifnot(is.list(immdata$data), !is.null(names(immdata$data)), file.exists(model))
  folder <- tempfile("reperio-")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  tables <- file.path(folder, "samples")
  dir.create(tables)
  # Names of files need not be names of samples.
  samples <- sprintf("sample%05d", seq_along(immdata$data))
  for (i in seq_along(samples)) {
    path <- file.path(tables, paste0(samples[i], ".tsv"))
    write.table(as.data.frame(immdata$data[[i]]), path, sep = "\t", quote = FALSE, na = "", row.names = FALSE)
  }
  out <- file.path(folder, "scores.tsv")
  arguments <- c("score", "--quiet", "--no-report", "--model", model, "--out", out, tables)
  status <- system2(program, shQuote(arguments))
  if (status != 0) stop("reperio score failed: its message is above")
  scores <- read.delim(out, colClasses = c(repertoire_id = "character"), check.names = FALSE)
  place <- match(scores$repertoire_id, samples)
  cbind(Sample = names(immdata$data)[place], scores[names(scores) != "repertoire_id"])
}
