# Compares the column `logit` of two tables row by row; fails where they differ by more than 1e-5.
#   awk -f logits.awk EXPECTED.tsv FOUND.tsv
BEGIN { FS = "\t" }
FNR == 1 { for (i = 1; i <= NF; i++) if ($i == "logit") column = i; next }
$column !~ /^-?[0-9]/ { wrong++ }
NR == FNR { expected[FNR] = $column; rows++; next }
{ gap = $column - expected[FNR]; if (gap < 0) gap = -gap; if (gap > worst) worst = gap; rows-- }
END {
    printf "largest difference of logits: %g\n", worst
    exit !(column && NR > 2 && rows == 0 && !wrong && worst <= 1e-5)
}
