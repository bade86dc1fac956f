-- How many ranges of pages were summarized
SELECT summarize_terms()
