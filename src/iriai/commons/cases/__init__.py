"""Cases: reports, sanctions by a ladder, emergency holds, appeals, and panels drawn by lot."""
